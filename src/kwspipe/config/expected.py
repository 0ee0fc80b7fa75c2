"""Descriptions of allowed values, for error messages."""

import typing
from typing import Any

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic.fields import FieldInfo

from kwspipe.config import schema

# Members of a list: the beginning of the description of one, and of several.
_PLURALS = {
    "an integer": "integers",
    "a number": "numbers",
    "a text": "texts",
    "a word or phrase": "words or phrases",
    "one of": "names from",
    "keys with": "mappings of keys with",
}
_NAMES = {bool: "true or false", int: "an integer", float: "a number", str: "a text"}


def describe(kind: Any) -> str:
    """Returns the allowed values of a type of the configuration: ``an integer of at least 1, or null``."""
    base, limits = schema.without_limits(kind)
    described = [one.description for one in limits if isinstance(one, FieldInfo) and one.description]
    if described:
        return str(described[0])
    if schema.classes(kind):
        names = list(dict.fromkeys(name for member in schema.classes(kind) for name in schema.fields(member)))
        return f"keys with values ({', '.join([*names[:3], *(['...'] if len(names) > 3 else [])])})"
    if schema.is_union(base):
        members = [m for m in typing.get_args(base) if m is not type(None)]
        texts = [describe(typing.Annotated[m, *limits] if limits else m) for m in members]
        return ", or ".join([*texts, *(["null"] if type(None) in typing.get_args(base) else [])])
    origin = typing.get_origin(base)
    if origin is typing.Literal:
        return _one_of(typing.get_args(base))
    if origin is tuple:
        size = ", not empty," if any(isinstance(one, MinLen) for one in limits) else ""
        return f"a list{size} of {_plural(describe(typing.get_args(base)[0]))}"
    if origin is dict:
        name, value = typing.get_args(base)
        if value is Any:
            return "keys with values"
        return f"keys from {', '.join(choices(name))}, each with {describe(value)}"
    if base is str and any(isinstance(one, MinLen) for one in limits):
        return "a text of at least one character"
    return f"{_NAMES[base]}{_range(limits)}"


def choices(kind: Any) -> list[str]:
    """Returns the names that a value may have, empty for other types."""
    base, _ = schema.without_limits(kind)
    if schema.is_union(base):
        return [name for member in typing.get_args(base) for name in choices(member)]
    return (
        [str(value) for value in typing.get_args(base)] if typing.get_origin(base) is typing.Literal else []
    )


def shown(value: Any) -> str:
    """Returns a received value as it is written in YAML, shortened to 80 characters."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = repr(value)
    if isinstance(value, list):
        text = f"[{', '.join(map(shown, value))}]"
    elif isinstance(value, dict):
        text = f"{{{', '.join(f'{key}: {shown(inner)}' for key, inner in value.items())}}}"
    return text if len(text) <= 80 else f"{text[:77]}..."


def _plural(text: str) -> str:
    singular = next(one for one in _PLURALS if text.startswith(one))
    return f"{_PLURALS[singular]}{text.removeprefix(singular)}"


def _one_of(values: tuple[Any, ...]) -> str:
    return f"one of {', '.join(map(str, values))}" if len(values) > 1 else str(values[0])


def _range(limits: list[Any]) -> str:
    """Returns the limits of a number with a leading space."""
    low: tuple[str, Any] | None = None
    high: tuple[str, Any] | None = None
    for one in limits:
        match one:
            case Ge(ge=value):
                low = ("of at least", value)
            case Gt(gt=value):
                low = ("above", value)
            case Le(le=value):
                high = ("of at most", value)
            case Lt(lt=value):
                high = ("below", value)
    if low and high and (low[0], high[0]) == ("of at least", "of at most"):
        return f" from {low[1]:g} to {high[1]:g}"
    texts = [f"{word} {value}" for word, value in filter(None, (low, high))]
    if len(texts) > 1:
        texts[1] = texts[1].removeprefix("of ")
    return f" {' and '.join(texts)}" if texts else ""
