"""Configurations composed from overrides of the command line."""

import copy
import functools

import pytest
from hydra import compose, initialize_config_dir
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig

from kwspipe.__main__ import conf_dir, config_groups
from kwspipe.config.arguments import rewrite
from kwspipe.config.parse import parse
from kwspipe.errors import ConfigError


@functools.cache
def _composed_choices(choices: tuple[str, ...]) -> DictConfig:
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        return compose("config", overrides=list(choices))


def composed(*overrides: str) -> DictConfig:
    """Returns the composed configuration, before it is parsed.

    Most of the time of a composition is that of its files. The choices of groups are therefore composed once. Hydra
    applies values after all files.
    """
    rewritten, _ = rewrite(list(overrides), config_groups())
    values = [override for override in rewritten if override.startswith("++")]
    choices = tuple(override for override in rewritten if not override.startswith("++"))
    config = copy.deepcopy(_composed_choices(choices))
    parsed = OverridesParser.create().parse_overrides(values)
    ConfigLoaderImpl._apply_overrides_to_config(
        [one for one in parsed if not one.is_hydra_override()], config
    )
    return config


def problems(*overrides: str) -> str:
    """Returns the error text of a configuration that cannot be parsed."""
    with pytest.raises(ConfigError) as caught:
        parse(composed(*overrides))
    return str(caught.value)
