"""Configurations composed as the command line composes them."""

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from kwspipe.__main__ import conf_dir, defer_key_errors
from kwspipe.config.parse import parse
from kwspipe.errors import ConfigError


def composed(*overrides: str) -> DictConfig:
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        groups = {path.name for path in conf_dir().iterdir() if path.is_dir()}
        return compose("config", overrides=defer_key_errors(list(overrides), groups))


def problems(*overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(composed(*overrides))
    return str(caught.value)
