"""Colours and the base style sheet that the pages and the plots share.

The plots use the light scheme. Pages use both schemes, as variables of CSS. The colours of the series differ in hue and
lightness: the distance of any two of them is at least 25 (CIE 1976), also in the simulation of protanopia and
deuteranopia by Machado et al. (2009, https://doi.org/10.1109/TVCG.2009.113).
"""

from functools import cache
from pathlib import Path

BASE_STYLE = Path(__file__).parent / "templates" / "base.css"
LIGHT = {
    "page": "#f5f6f8", "card": "#ffffff", "ink": "#17202b", "soft": "#536172", "line": "#e0e5eb", "field": "#eef1f5",
    "accent": "#0a5f95", "good": "#17693a", "bad": "#ad2018",
    "warn-back": "#fff0cc", "warn-ink": "#573a00", "warn-line": "#e0a100",
    "right": "#0b5c92", "wrong": "#c04a00", "on-strong": "#ffffff",
    "series1": "#c24a00", "series2": "#0068a8", "series3": "#4f2f10", "series4": "#01a86e", "series5": "#781051",
    "series6": "#1317a6", "others": "#b3bdc9", "spare": "#c9d6e2", "free": "#eaeef3",
    "training": "#8593a3", "validation": "#0068a8", "balanced": "#c24a00",
}  # fmt: skip
DARK = {
    "page": "#0f141a", "card": "#171e27", "ink": "#e7ecf2", "soft": "#a2b0c0", "line": "#2a3541", "field": "#202a35",
    "accent": "#6dbdf2", "good": "#6fd19a", "bad": "#ff8f85",
    "warn-back": "#33280a", "warn-ink": "#ffe2a3", "warn-line": "#a87b12",
    "right": "#4ea5e0", "wrong": "#f08a4b", "on-strong": "#0d131a",
    "series1": "#ff9160", "series2": "#67b5ee", "series3": "#f2ee4a", "series4": "#a3f5c5", "series5": "#c4859b",
    "series6": "#8c6ff5", "others": "#4d5a68", "spare": "#3b4958", "free": "#222c37",
    "training": "#8393a4", "validation": "#67b5ee", "balanced": "#ff9160",
}  # fmt: skip
# Distinguishable colours of curves, in this order. Further curves have the colour "others".
SERIES = tuple(LIGHT[f"series{number}"] for number in range(1, 7))


@cache
def base_style() -> str:
    """Returns the style sheet of all pages: colours, text, cards, tables, tiles, notices and legends."""
    schemes = (
        f":root {{ color-scheme: light dark; {_variables(LIGHT)} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {_variables(DARK)} }} }}\n"
        f"@media print {{ :root {{ color-scheme: light; {_variables(LIGHT)} }} }}\n"
    )
    return schemes + BASE_STYLE.read_text(encoding="utf-8")


def _variables(colours: dict[str, str]) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())
