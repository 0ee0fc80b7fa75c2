"""Parser from the composed YAML to a checked PipelineConfig."""

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import InterpolationKeyError, OmegaConfBaseException
from pydantic import TypeAdapter, ValidationError

from kwspipe.config import PipelineConfig, expected, schema, single_values
from kwspipe.config.schema import value_at
from kwspipe.config.suggestions import about_unknown_key
from kwspipe.errors import ConfigError

_ADAPTER = TypeAdapter(PipelineConfig)
MAX_NAME_LENGTH = 80
CHOOSE_EXPERIMENT = "choose an experiment (+experiment=digits_3), or give the value as key=value"


def words_as_name(words: Sequence[str] | str) -> str:
    """Returns an experiment name made of the words. Spaces become ``_``, letters of other alphabets ``-``."""
    texts = [words] if isinstance(words, str) else map(str, words)
    name = re.sub(r"[^A-Za-z0-9_.-]", "-", "_".join("_".join(text.split()) for text in texts))
    return re.sub(r"^[^A-Za-z0-9]", "x", name)[:MAX_NAME_LENGTH]


# In YAML: name: ${words_as_name:${dataset.words}}
OmegaConf.register_new_resolver("words_as_name", words_as_name, replace=True)


def parse(composed: DictConfig | Mapping[str, Any]) -> PipelineConfig:
    """Checks a composed configuration and returns it with types.

    Args:
        composed: the configuration composed by Hydra from conf/, or a plain mapping of the same form.

    Raises:
        ConfigError: unknown keys, wrong types, missing or invalid values. All faults are reported together.
    """
    plain, missing = _plain(composed)
    try:
        config = _ADAPTER.validate_json(json.dumps(single_values.normalized(plain)))
    except ValidationError as error:
        details = [detail for detail in error.errors() if not _repeats(detail, error.errors())]
        if missing:  # values that depend on missing ones cannot be checked
            details = [detail for detail in details if detail["type"] == "unexpected_keyword_argument"]
        faults = dict.fromkeys(fault for detail in details for fault in _sentences(detail, plain))
        raise ConfigError([*faults, *missing]) from None
    return config


def to_mapping(config: PipelineConfig) -> dict[str, Any]:
    """Returns the configuration as plain data with the keys of the YAML files."""
    return _ADAPTER.dump_python(config, mode="json", by_alias=True)


def _plain(composed: DictConfig | Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Returns the configuration as plain data, and a sentence for each missing value."""
    if not isinstance(composed, DictConfig):
        return dict(composed), []
    # Interpolations stay unresolved here, because one with a missing value would end the search.
    plain: Any = OmegaConf.to_container(composed, resolve=False)
    missing = [f"{key}: has no value; {CHOOSE_EXPERIMENT}" for key in _missing_keys(plain)]
    if not missing:
        try:
            plain = OmegaConf.to_container(composed, resolve=True)
        except InterpolationKeyError as error:
            raise ConfigError([f"{error.full_key}: {str(error).splitlines()[0]}"]) from None
        except OmegaConfBaseException as error:
            raise ConfigError([str(error).splitlines()[0]]) from None
    return plain, missing


def _missing_keys(node: Any, path: str = "") -> Iterator[str]:
    """Yields the dotted keys whose value is ``???``."""
    if node == MISSING:
        yield path
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _missing_keys(value, f"{path}.{key}" if path else str(key))


def _repeats(detail: Any, details: list[Any]) -> bool:
    """Returns whether another fault covers this one.

    A list is too short only because of its invalid members. ``force`` has two allowed types that each report a fault.
    """
    here = detail["loc"]
    if detail["type"] == "too_short":
        return any(len(other["loc"]) > len(here) and other["loc"][: len(here)] == here for other in details)
    return here[:2] == ("force", "bool") and isinstance(detail["input"], list)


def _sentences(detail: Any, plain: Mapping[str, Any]) -> Iterator[str]:
    """Yields the sentences about a fault that pydantic found: one, or one per key of an unknown group."""
    kind = detail["type"]
    path = _path(detail["loc"], plain)
    where = ".".join(map(str, path))
    is_only = bool(path) and isinstance(path[-1], int) and len(value_at(plain, path[:-1])) == 1
    shown = ".".join(map(str, path[:-1])) if is_only else where
    if kind == "unexpected_keyword_argument":
        for key, value in _leaves(where, detail["input"]):
            yield about_unknown_key(key, value, plain)
    elif kind in ("missing", "missing_argument"):
        yield f"{where}: has no value. Give it as {where}={'<choice>' if _is_group(path, plain) else 'value'}"
    elif kind == "union_tag_invalid":
        key, tags = detail["ctx"]["discriminator"].strip("'"), detail["ctx"]["expected_tags"].replace("'", "")
        yield _rejected(f"{where}.{key}", value_at(plain, [*path, key]), f"one of {tags}", tags.split(", "))
    elif kind == "value_error":
        yield f"{where}: {detail['msg'].removeprefix('Value error, ')}"
    elif path and detail["loc"][-1] == "[key]":
        yield _rejected(where, path[-1], *_allowed_keys(path[:-1], plain))
    else:
        allowed = schema.kind_at(path, plain)
        yield _rejected(shown, value_at(plain, path), expected.describe(allowed), expected.choices(allowed))


def _path(location: Sequence[Any], plain: Mapping[str, Any]) -> list[Any]:
    """Returns the parts of a dotted key from a location of pydantic.

    A location contains the names of union members: force.bool, force.tuple[...], model.mobilenet_v2. Its last part is
    an index if the user gave a single value instead of a list.
    """
    path = [part for part in location if part != "bool" and "[" not in str(part)]
    path = [part for place, part in enumerate(path) if not _is_tag(part, value_at(plain, path[:place]))]
    if path and isinstance(path[-1], int) and not isinstance(value_at(plain, path[:-1]), list):
        return path[:-1]
    return path


def _rejected(where: str, received: Any, allowed: str, choices: Sequence[str]) -> str:
    """Returns a sentence about a value that is not allowed, with a hint for frequent mistakes."""
    if isinstance(received, int | float) and where.endswith("_fraction") and 1 < received <= 100:
        return f"{where}: {received} is not a fraction; {received:g} % is {received / 100:.10g}"
    hint = ""
    if received == "import" and where.startswith(("stages", "force")):
        hint = ". The stage import runs if import.path is set"
    elif close := difflib.get_close_matches(str(received), choices, n=1):
        hint = f". Closest: {close[0]}"
    elif where == "dataset.negatives":
        hint = f". Choose the group with dataset/negatives={received}"
    elif isinstance(received, bool) and allowed.startswith("a word"):
        hint = '. Quote words that YAML reads as booleans: "yes", "no", "on", "off"'
    elif received is None and allowed.startswith("a list"):
        hint = ". An empty list is []"
    return f"{where}: received {expected.shown(received)}; allowed: {allowed}{hint}"


def _allowed_keys(path: Sequence[Any], plain: Any) -> tuple[str, list[str]]:
    base, _ = schema.without_limits(schema.kind_at(path, plain))
    names = expected.choices(base.__args__[0])
    return f"the keys {', '.join(names)}", names


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yields the dotted keys of a mapping with their values; the path itself for other values."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _leaves(f"{path}.{key}", inner)
    else:
        yield path, value


def _is_group(path: Sequence[Any], plain: Mapping[str, Any]) -> bool:
    return bool(schema.classes(schema.kind_at(path, plain)))


def _is_tag(part: Any, parent: Any) -> bool:
    """Returns whether a part of a location is the name of a union member instead of a key."""
    return isinstance(parent, Mapping) and part not in parent and part in map(parent.get, schema.TAGS)
