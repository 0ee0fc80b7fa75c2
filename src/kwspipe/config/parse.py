"""Parser from the composed YAML to a checked PipelineConfig."""

import dataclasses
import difflib
import json
import re
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import InterpolationKeyError, OmegaConfBaseException
from pydantic import TypeAdapter, ValidationError

from kwspipe.config import PipelineConfig, renamed_keys
from kwspipe.errors import ConfigError

_ADAPTER = TypeAdapter(PipelineConfig)
MAX_NAME_LENGTH = 80
TAGS = ("name", "source")  # keys that select the member of a union


def words_as_name(words: Sequence[str]) -> str:
    """Returns an experiment name made of the words. Letters of other alphabets become ``-``."""
    name = re.sub(r"[^A-Za-z0-9_.-]", "-", "_".join(map(str, words)))
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
        config = _ADAPTER.validate_json(json.dumps(plain))
    except ValidationError as error:
        details = [detail for detail in error.errors() if not _repeats(detail, error.errors())]
        if missing:  # values that depend on missing ones cannot be checked
            details = [detail for detail in details if detail["type"] == "unexpected_keyword_argument"]
        raise ConfigError([*(_sentence(detail, plain) for detail in details), *missing]) from None
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
    hint = "choose an experiment (+experiment=digits_3), or give the value as key=value"
    missing = [f"{key}: has no value; {hint}" for key in _missing_keys(plain)]
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


def _sentence(detail: Any, plain: Mapping[str, Any]) -> str:
    # The location of a union member contains the type's name: force.bool, force.tuple[...], model.mobilenet_v2.
    path = [part for part in detail["loc"] if part != "bool" and "[" not in str(part)]
    path = [part for place, part in enumerate(path) if not _is_tag(part, _value_at(plain, path[:place]))]
    where = ".".join(str(part) for part in path)
    if detail["type"] == "unexpected_keyword_argument":
        if old := renamed_keys.hint(where, detail["input"]):
            return old
        known = _keys_at(PipelineConfig, [str(part) for part in path[:-1]], plain)
        known = [*known, "experiment"] if len(path) == 1 else known  # a group of conf/
        close = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.0)
        return f"{where}: unknown key. Closest known key: {'.'.join([*map(str, path[:-1]), *close])}"
    if detail["type"] in ("missing", "missing_argument"):
        return f"{where}: has no value. Give it as {where}=value"
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "union_tag_invalid":
        allowed = detail["ctx"]["expected_tags"]
        key = detail["ctx"]["discriminator"].strip("'")
        return f"{where}.{key}: received {detail['ctx']['tag']!r}; input should be one of {allowed}"
    if detail["type"] == "value_error":
        return f"{where}: {message}"
    received = _value_at(plain, path)
    if where.endswith("_fraction") and isinstance(received, int | float) and 1 < received <= 100:
        return f"{where}: {received} is not a fraction; {received:g} % is {received / 100:.10g}"
    hint = ""
    expected = detail.get("ctx", {}).get("expected")
    if expected and isinstance(received, str):
        choices = [choice.strip("' ") for choice in expected.replace(" or ", ",").split(",")]
        hint = "".join(f". Closest: {c}" for c in difflib.get_close_matches(received, choices, n=1))
    return f"{where}: received {received!r}; {message[0].lower()}{message[1:]}{hint}"


def _is_tag(part: Any, parent: Any) -> bool:
    """Returns whether a part of a location is the name of a union member instead of a key."""
    return isinstance(parent, Mapping) and part not in parent and part in map(parent.get, TAGS)


def _value_at(plain: Any, path: list[Any]) -> Any:
    for part in path:
        try:
            plain = plain[part]
        except (KeyError, IndexError, TypeError):
            break
    return plain


def _keys_at(cls: type, path: list[str], plain: Any) -> list[str]:
    """Returns the field names of the configuration class at ``path``."""
    hints = typing.get_type_hints(cls)
    for part in path:
        plain = _value_at(plain, [part])
        kind = hints.get(part)
        candidates = typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
        nested = [typing.get_type_hints(c) for c in candidates if dataclasses.is_dataclass(c)]
        if not nested:
            return []
        named = [n for n in nested for key in TAGS if _value_at(plain, [key]) in typing.get_args(n.get(key))]
        hints = (named or nested)[0]
    return ["from" if name == "from_stage" else name for name in hints]
