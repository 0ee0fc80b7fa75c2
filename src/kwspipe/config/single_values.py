"""Forms of values that users give, and the form that the types of the configuration have."""

import typing
from collections.abc import Mapping
from functools import cache
from typing import Any

from kwspipe.config import schema
from kwspipe.config.types import Word
from kwspipe.labels import word_label


def normalized(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a configuration with the values in the form of their types.

    A single value becomes a list, an integer becomes a text (``listen.device=0``), and the spaces of a word become
    ``_``: the phrase ``hey computer`` has the label ``hey_computer``. Values that do not fit are not changed.
    """
    return {key: _normalized([key], value, plain) for key, value in plain.items()}


@cache
def list_keys() -> frozenset[str]:
    """Returns the dotted keys whose value is a list for every choice of their group."""
    others = {key.path for key in schema.all_keys() if not schema.is_list(key.kind)}
    return frozenset(key.path for key in schema.all_keys() if key.path not in others)


def _normalized(path: list[str], value: Any, plain: Mapping[str, Any]) -> Any:
    kind = schema.kind_at(path, plain)
    if kind is None:
        return value
    if schema.classes(kind):
        if not isinstance(value, Mapping):
            return value
        return {key: _normalized([*path, key], inner, plain) for key, inner in value.items()}
    if not schema.is_list(kind):
        return _text(kind, value)
    is_single = isinstance(value, str | int | float) and not (isinstance(value, bool) and path == ["force"])
    values = [value] if is_single else value
    return [_text(schema.item_kind(kind), one) for one in values] if isinstance(values, list) else values


def _text(kind: Any, value: Any) -> Any:
    """Returns an integer as a text if the type is a text, and a word without spaces."""
    if _is_text(kind) and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str) and _is_word(kind):
        return word_label(value)
    return value


def _is_text(kind: Any) -> bool:
    return str in _members(kind)


def _is_word(kind: Any) -> bool:
    return kind == Word or Word in typing.get_args(schema.without_limits(kind)[0])


def _members(kind: Any) -> tuple[Any, ...]:
    base, _ = schema.without_limits(kind)
    if not schema.is_union(base):
        return (base,)
    return tuple(one for member in typing.get_args(base) for one in _members(member))
