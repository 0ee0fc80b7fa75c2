"""Keys of the configuration with their types, derived from the dataclasses of ``config``."""

import dataclasses
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic.fields import FieldInfo

from kwspipe.config import PipelineConfig

TAGS = ("name", "source")  # keys that select the member of a union


@dataclass(frozen=True)
class Key:
    """A key that a configuration may contain.

    Attributes:
        path: the dotted key.
        kind: its type, with its limits.
        choice: group, key and value of the selection that the key requires, such as ``("schedule", "name", "cosine")``.
            None if the key always exists.
    """

    path: str
    kind: Any
    choice: tuple[str, str, str] | None

    @property
    def last(self) -> str:
        """Last part of the dotted key."""
        return self.path.rpartition(".")[2]

    def exists_in(self, plain: Mapping[str, Any]) -> bool:
        """Returns whether a configuration with these choices has the key."""
        if self.choice is None:
            return True
        group, tag, value = self.choice
        return value_at(plain, [group, tag]) == value


@cache
def all_keys() -> tuple[Key, ...]:
    """Returns all keys that have a single value or a list, of all choices of all groups."""
    return tuple(_keys(PipelineConfig, "", None))


def _keys(cls: type, prefix: str, choice: tuple[str, str, str] | None) -> Iterator[Key]:
    for name, kind in fields(cls).items():
        path = f"{prefix}{name}"
        nested = classes(kind)
        for member in nested:
            tag, value = _tag(member)
            selected = (path, tag, value) if len(nested) > 1 else choice
            yield from _keys(member, f"{path}.", selected)
        if not nested:
            yield Key(path, kind, None if prefix and name in TAGS else choice)


@cache
def fields(cls: type) -> dict[str, Any]:
    """Returns the types of the fields of a configuration class, by the names used in the YAML files."""
    hints = typing.get_type_hints(cls, include_extras=True)
    return {_alias(kind) or name: kind for name, kind in hints.items()}


def classes(kind: Any) -> tuple[type, ...]:
    """Returns the configuration classes of a type: several for a union, none for a plain value."""
    base, _ = without_limits(kind)
    members = typing.get_args(base) if is_union(base) else (base,)
    return tuple(
        member for member in members if isinstance(member, type) and dataclasses.is_dataclass(member)
    )


def without_limits(kind: Any) -> tuple[Any, list[Any]]:
    """Returns a type without ``Annotated``, and its limits."""
    if typing.get_origin(kind) is not typing.Annotated:
        return kind, []
    base, *metadata = typing.get_args(kind)
    limits = []
    for one in metadata:
        limits += [one, *one.metadata] if isinstance(one, FieldInfo) else [one]
    return base, limits


def is_union(base: Any) -> bool:
    """Returns whether a type without ``Annotated`` is a union."""
    return isinstance(base, types.UnionType) or typing.get_origin(base) is typing.Union


def item_kind(kind: Any) -> Any:
    """Returns the type of the members of a list or of the values of a mapping; None for other types."""
    base, _ = without_limits(kind)
    if is_union(base):
        return next(filter(None, map(item_kind, typing.get_args(base))), None)
    if typing.get_origin(base) is tuple:
        return typing.get_args(base)[0]
    return typing.get_args(base)[1] if typing.get_origin(base) is dict else None


def is_list(kind: Any) -> bool:
    """Returns whether a type is a list, alone or as a member of a union."""
    base, _ = without_limits(kind)
    if is_union(base):
        return any(map(is_list, typing.get_args(base)))
    return typing.get_origin(base) is tuple


def kind_at(path: Sequence[Any], plain: Any) -> Any:
    """Returns the type of the value at ``path``, None if there is no such key."""
    kind: Any = PipelineConfig
    for part in path:
        nested = classes(kind)
        if nested:
            member = next((m for m in nested if value_at(plain, [_tag(m)[0]]) == _tag(m)[1]), nested[0])
            kind = fields(member).get(str(part))
        else:
            kind = item_kind(kind)
        if kind is None:
            return None
        plain = value_at(plain, [part])
    return kind


def value_at(plain: Any, path: Sequence[Any]) -> Any:
    """Returns the value at ``path``, or the last one on the way that exists."""
    for part in path:
        try:
            plain = plain[part]
        except (KeyError, IndexError, TypeError):
            break
    return plain


def _tag(cls: type) -> tuple[str, str]:
    """Returns the key and the value that select a member of a union."""
    for name in TAGS:
        base, _ = without_limits(fields(cls).get(name))
        if typing.get_origin(base) is typing.Literal:
            return name, str(typing.get_args(base)[0])
    return "", ""


def _alias(kind: Any) -> str | None:
    return next((one.alias for one in without_limits(kind)[1] if isinstance(one, FieldInfo)), None)
