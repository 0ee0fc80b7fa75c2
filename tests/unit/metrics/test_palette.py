"""Shared colours: contrast and distinctness of both schemes, and the base style sheet."""

import itertools
import re

import numpy as np
import pytest

from kwspipe.metrics.palette import DARK, LIGHT, base_style

SERIES = [f"series{number}" for number in range(1, 7)]
# Machado et al. 2009, severity 1, on linear RGB.
SIMULATIONS = {
    "normal": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.01182, 0.04294, 0.968881],
    ],
}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)


def linear_rgb(colour: str) -> np.ndarray:
    shares = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """Returns the coordinates of CIE L*a*b* (1976) of linear RGB."""
    relative = TO_XYZ @ np.clip(rgb, 0, 1) / np.array([0.95047, 1, 1.08883])
    x, y, z = np.where(relative > 0.008856, np.cbrt(relative), 7.787 * relative + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(first: str, second: str) -> float:
    low, high = sorted(float(TO_XYZ[1] @ linear_rgb(colour)) for colour in (first, second))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_contrast(scheme: dict[str, str]) -> None:
    """WCAG 2.2 requires 4.5 for text and 3 for shapes."""
    for text, back in (
        ("ink", "card"), ("ink", "field"), ("soft", "card"), ("soft", "page"), ("accent", "card"), ("good", "card"),
        ("bad", "card"), ("warn-ink", "warn-back"), ("on-strong", "right"), ("on-strong", "wrong"),
    ):  # fmt: skip
        assert contrast(scheme[text], scheme[back]) >= 4.5, (text, back)
    for series in SERIES:
        assert contrast(scheme[series], scheme["card"]) >= 3, series


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("simulation", SIMULATIONS)
def test_series_are_distinguishable(scheme: dict[str, str], simulation: str) -> None:
    found = [lab(np.array(SIMULATIONS[simulation]) @ linear_rgb(scheme[name])) for name in SERIES]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(found, 2)) >= 25


def test_every_variable_of_the_style_sheet_is_defined() -> None:
    style = base_style()
    used, defined = set(re.findall(r"var\(--([\w-]+)\)", style)), set(re.findall(r"--([\w-]+):", style))
    assert used <= defined
    assert set(LIGHT) == set(DARK)
    assert style.count(LIGHT["page"]) == 2 and style.count(DARK["page"]) == 1
