"""Choices of conf/: every YAML file composes to a valid configuration."""

import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import MissingConfigException

from kwspipe import augment
from kwspipe.__main__ import conf_dir, config_groups
from kwspipe.config.parse import parse

GROUPS = sorted(group for group in config_groups() if not group.startswith("hydra"))
CHOICES = [
    (group, file.stem)
    for group in GROUPS
    for file in sorted((conf_dir() / group).glob("*.yaml"))
    if not file.stem.startswith("_")  # defaults of the other files
]


@pytest.mark.parametrize(("group", "choice"), CHOICES, ids="/".join)
def test_choice_is_valid(group: str, choice: str) -> None:
    overrides = (
        [f"+experiment={choice}"] if group == "experiment" else ["+experiment=digits_3", f"{group}={choice}"]
    )
    if (group, choice) == ("transfer", "path"):
        overrides.append("transfer.path=runs/other")
    if (group, choice) == ("experiment", "custom"):
        overrides.append("dataset.words=[computer,lights]")
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        config = parse(compose("config", overrides=overrides))
    augment.check(config.augment.transforms, config.dataset.words)
    if group == "experiment":
        assert config.name == {"custom": "computer_lights"}.get(choice, choice)


def test_groups_of_the_design_exist() -> None:
    groups = (
        "augment board dataset detector evaluate experiment frontend model quantize schedule train transfer"
    )
    assert set(groups.split()) <= set(GROUPS)


@pytest.mark.parametrize("experiment", ["commands_6", "digits_3", "digits_9"])
def test_two_choices_select_the_training_of_the_tutorial(experiment: str) -> None:
    overrides = [f"+experiment={experiment}", "train=tutorial", "schedule=exponential"]
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        config = parse(compose("config", overrides=overrides))
    assert (config.train.epochs, config.train.batch_size, config.train.class_weights) == (10, 16, "balanced")
    assert (config.schedule.initial_learning_rate, config.schedule.decay) == (0.0005, 0.95)


@pytest.mark.parametrize(
    ("overrides", "upper_limit_hz", "dynamic"),
    [
        ([], 7500, True),
        (["transfer=none"], 7500, True),
        (["transfer=mltk"], 3999, False),
        (["transfer=mltk", "frontend=default"], 7500, True),
    ],
)
def test_vendor_checkpoint_selects_the_front_end_of_its_training(
    overrides: list[str], upper_limit_hz: float, dynamic: bool
) -> None:
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        frontend = parse(compose("config", overrides=["+experiment=digits_9", *overrides])).frontend
    assert frontend.filterbank_upper_band_limit == upper_limit_hz
    assert frontend.quantize_dynamic_scale_enable == dynamic


def test_error_of_an_unknown_choice_lists_the_choices() -> None:
    with (
        initialize_config_dir(str(conf_dir()), version_base="1.3"),
        pytest.raises(MissingConfigException, match="bundled"),
    ):
        compose("config", overrides=["+experiment=digits_3", "transfer=bundeld"])
