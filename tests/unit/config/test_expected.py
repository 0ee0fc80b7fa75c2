"""Descriptions of allowed values."""

from typing import Annotated, Any

import pytest
from pydantic import Field

from kwspipe.config import Count, Fraction, Name, StageNames
from kwspipe.config.expected import describe, shown


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (bool, "true or false"),
        (Count | None, "an integer of at least 1, or null"),
        (Fraction, "a number from 0 to 1"),
        (Annotated[float, Field(gt=0, lt=1)], "a number above 0 and below 1"),
        (Annotated[int, Field(ge=0, lt=8)], "an integer of at least 0 and below 8"),
        (Name, "a text of letters, digits, '_', '.' and '-' that begins with a letter or a digit"),
        (Annotated[tuple[Fraction, ...], Field(min_length=1)], "a list, not empty, of numbers from 0 to 1"),
        (
            bool | StageNames,
            "true or false, or a list of names from prepare, train, quantize, evaluate, deploy, ",
        ),
    ],
)
def test_types_and_limits_are_described(kind: Any, text: str) -> None:
    assert describe(kind).startswith(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "null"), (True, "true"), ("a", "'a'"), ([None, 1], "[null, 1]"), ({"a": False}, "{a: false}")],
)
def test_values_are_shown_as_in_yaml(value: object, text: str) -> None:
    assert shown(value) == text


def test_long_values_are_shortened() -> None:
    assert len(shown("x" * 1000)) == 80
