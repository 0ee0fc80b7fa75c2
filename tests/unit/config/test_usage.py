"""The text of ``--help``."""

from kwspipe.__main__ import config_groups
from kwspipe.config import stage_order
from kwspipe.config.usage import STAGES, text


def test_groups_with_several_choices_are_listed() -> None:
    lines = text({"train": ["a", "b"], "single": ["default"], "hydra/launcher": ["c", "d"]}).splitlines()
    assert "  train: a, b" in lines
    assert not any("single" in line or "hydra/launcher" in line for line in lines)


def test_every_stage_is_listed_in_its_order() -> None:
    assert tuple(STAGES) == (*stage_order.ORDER, *stage_order.OPTIONAL)


def test_shared_defaults_are_not_choices() -> None:
    assert config_groups()["train"] == ["finetune", "tutorial"]


def test_the_help_fits_one_screen() -> None:
    lines = text(config_groups()).splitlines()
    assert len(lines) <= 40 and max(map(len, lines)) <= 100
