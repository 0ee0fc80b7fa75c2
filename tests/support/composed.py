"""Configurations composed from overrides of the command line."""

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from kwspipe.__main__ import conf_dir, config_groups
from kwspipe.config.arguments import rewrite
from kwspipe.config.parse import parse
from kwspipe.errors import ConfigError


def composed(*overrides: str) -> DictConfig:
    """Returns the composed configuration, before it is parsed."""
    rewritten, _ = rewrite(list(overrides), config_groups())
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        return compose("config", overrides=rewritten)


def problems(*overrides: str) -> str:
    """Returns the error text of a configuration that cannot be parsed."""
    with pytest.raises(ConfigError) as caught:
        parse(composed(*overrides))
    return str(caught.value)
