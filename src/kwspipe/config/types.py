"""Value types that several configuration groups share."""

from typing import Annotated, Literal, TypeVar, cast, dataclass_transform

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

Count = Annotated[int, Field(ge=1)]
NotNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
HalfFraction = Annotated[float, Field(ge=0, le=0.5)]
# A description replaces that of the pattern in error messages (``expected.describe``).
Name = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
        description="a text of letters, digits, '_', '.' and '-' that begins with a letter or a digit",
    ),
]
Word = Annotated[
    str,
    Field(
        pattern=r"^[^_\s/\\][^\s/\\]*$",
        description="a word or phrase without '_' at its beginning, '/' and '\\'",
    ),
]
Texts = tuple[str, ...]
Words = tuple[Word, ...]
Threshold = Annotated[int, Field(ge=0, le=255)]
SourceName = Literal["folder", "speech_commands", "mswc", "synthetic"]
Sha256 = Annotated[
    str, Field(pattern=r"^[0-9a-f]{64}$", description="a sha256 of 64 hexadecimal digits in lower case")
]
Urls = Annotated[tuple[str, ...], Field(min_length=1)]
EngineName = Literal["espeak", "kokoro"]

T = TypeVar("T")
# `defer_build`: the validators are built with the first value. The process of a stage receives a checked configuration
# and does not need them.
CHECKS = ConfigDict(extra="forbid", strict=True, populate_by_name=True, defer_build=True, allow_inf_nan=False)


@dataclass_transform(frozen_default=True, field_specifiers=(Field,))
def typed(kind: type[T]) -> type[T]:
    """Returns the class as a frozen dataclass that checks its values on creation."""
    return cast(type[T], dataclass(frozen=True, config=CHECKS)(kind))
