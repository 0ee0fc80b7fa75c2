"""The text of ``--help``."""

from pathlib import Path

from kwspipe.config.usage import text
from support.paths import CONF


def test_choices_are_listed_and_shared_defaults_are_not(tmp_path: Path) -> None:
    for name in (
        "train/a",
        "train/b",
        "train/_common",
        "single/default",
        "dataset/negatives/x",
        "dataset/negatives/y",
    ):
        path = tmp_path / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    lines = text(tmp_path, ("prepare", "train")).splitlines()
    assert f"  {'train':18} a, b" in lines and f"  {'dataset/negatives':18} x, y" in lines
    assert "  prepare, train" in lines
    assert not any("_common" in line or "single" in line for line in lines)


def test_the_help_fits_one_screen() -> None:
    lines = text(CONF, ("prepare",)).splitlines()
    assert len(lines) <= 50 and max(map(len, lines)) <= 110
