"""Rewriting of command-line arguments, and keys of earlier releases."""

import subprocess
import sys

import pytest
from omegaconf import OmegaConf

from kwspipe.__main__ import config_groups
from kwspipe.config import renamed_keys
from kwspipe.config.arguments import rewrite
from kwspipe.errors import ConfigError
from support.composed import composed, problems


def test_groups_and_arguments_of_hydra_are_not_changed() -> None:
    arguments = [
        "-m",
        "+experiment=a",
        "dataset=folder",
        "dataset/negatives=none",
        "hydra/launcher=joblib",
        "hydra.verbose=true",
        "~train.epochs",
    ]
    assert rewrite(arguments, config_groups()) == (arguments, [])
    assert rewrite(["a.b=1", "seed=1,2"], {"dataset"}) == (["++a.b=1", "++seed=1,2"], [])


def test_shell_completion_is_not_changed() -> None:
    assert rewrite(["-sc", "install=bash"], {"dataset"}) == (["-sc", "install=bash"], [])


def test_shell_completion_installs_and_completes() -> None:
    def run(*arguments: str, **environment: str) -> str:
        command = [sys.executable, "-m", "kwspipe", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, env=environment or None
        ).stdout

    assert "hydra_bash_completion" in run("-sc", "install=bash")
    line = "kwspipe model=m"
    words = run("-sc", "query=bash", COMP_LINE=line, COMP_POINT=str(len(line)), PATH="/usr/bin:/bin")
    assert {"model=matchboxnet", "model=mobilenet_v2"} <= set(words.split())


def test_an_alias_is_accepted_with_a_warning() -> None:
    arguments, warnings = rewrite(["adopt.path=a=b.tflite"], config_groups())
    assert arguments == ["++import.path=a=b.tflite"]
    assert warnings == ["adopt.path is renamed to import.path; the next release rejects the old key"]


@pytest.mark.parametrize(("group", "choice"), [(g, c) for g, cs in renamed_keys.CHOICES.items() for c in cs])
def test_a_choice_of_an_earlier_release_is_rejected(group: str, choice: str) -> None:
    new = renamed_keys.CHOICES[group][choice]
    expected = f"{group}={choice}: " + (
        f"renamed. Use {group}={new} instead" if new else "deleted. Leave it out"
    )
    for argument in (f"{group}={choice}", f"+{group}={choice}", f"{group}=none,{choice}"):
        with pytest.raises(ConfigError) as caught:
            rewrite([argument], config_groups())
        assert expected in str(caught.value)


@pytest.mark.parametrize(
    "key", sorted({*renamed_keys.RENAMED, *renamed_keys.DELETED} - set(renamed_keys.ALIASES))
)
def test_a_key_of_an_earlier_release_is_rejected_with_the_new_one(key: str) -> None:
    text = problems("+experiment=digits_3", f"{key}=1")
    if key in renamed_keys.FRACTIONS:
        assert f"{key}: renamed to {renamed_keys.FRACTIONS[key]}, a fraction. Use 0.01 for 1" in text
    elif key in renamed_keys.RATIOS:
        assert f"{key}: renamed. Use {renamed_keys.RATIOS[key]} instead, with the same value" in text
    elif key in renamed_keys.RENAMED:
        assert f"{key}: renamed. Use {renamed_keys.RENAMED[key]} instead" in text
    else:
        assert f"{key}: deleted, because {renamed_keys.DELETED[key]}. Leave it out" in text


def test_every_new_key_exists() -> None:
    config = composed("+experiment=digits_3")
    for key in renamed_keys.RENAMED.values():
        value = OmegaConf.select(config, key.replace("/", "."), default="missing")
        assert value != "missing", key
