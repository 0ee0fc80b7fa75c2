"""Rewriting of command-line arguments, and keys of earlier releases."""

import subprocess
import sys

import pytest
from omegaconf import OmegaConf

from kwspipe.__main__ import _main, config_groups
from kwspipe.config import renamed_keys
from kwspipe.config.arguments import options, rewrite
from kwspipe.errors import ConfigError
from support.composed import composed, problems


def error(*arguments: str) -> str:
    with pytest.raises(ConfigError) as caught:
        rewrite(arguments, config_groups())
    (problem,) = caught.value.problems
    return problem


def rewritten(*arguments: str) -> list[str]:
    return rewrite(arguments, config_groups())[0]


def test_groups_and_arguments_of_hydra_are_not_changed() -> None:
    arguments = [
        "+experiment=digits_3",
        "dataset=folder",
        "dataset/negatives=none",
        "hydra/launcher=joblib",
        "hydra.verbose=true",
        "~train.epochs",
        "-m",
    ]
    assert rewrite(arguments, config_groups()) == (arguments, [])
    assert rewritten("-m", "a.b=1", "seed=1,2") == ["++a.b=1", "++seed=1,2", "-m"]


def test_signs_of_groups_and_keys_are_those_that_hydra_needs() -> None:
    assert rewritten("experiment=smoke", "+model=ds_cnn", "+train.epochs=2") == [
        "+experiment=smoke",
        "model=ds_cnn",
        "++train.epochs=2",
    ]


def test_options_are_accepted_in_any_order() -> None:
    assert rewritten("seed=1", "--cfg", "job", "name=x") == ["++seed=1", "++name=x", "--cfg", "job"]
    assert rewritten("--info", "seed=1") == ["++seed=1", "--info=all"]
    assert options(["seed=1", "-c", "job", "-p", "train"]).package == "train"


def test_a_list_is_accepted_without_brackets() -> None:
    assert rewritten("stages=train", "dataset.words=one,two", "import.labels=a", "force=train") == [
        "++stages=[train]",
        "++dataset.words=[one,two]",
        "++import.labels=[a]",
        "++force=[train]",
    ]
    unchanged = ["force=true", "dataset.noise_roots=null", "stages=[train]", "model.filters=16"]
    assert rewritten(*unchanged) == [f"++{one}" for one in unchanged]
    assert rewritten("-m", "dataset.words=one,two") == ["++dataset.words=one,two", "-m"]


def test_characters_outside_the_grammar_of_hydra_are_quoted() -> None:
    config = composed(
        "+experiment=custom", "dataset.words=[grün,hey computer]", "dataset.root=/data/Töne (1)", "name=a"
    )
    assert list(config.dataset.words) == ["grün", "hey computer"]
    assert config.dataset.root == "/data/Töne (1)"


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        ("--epochs=3", "--epochs=3: unknown option. Settings have the form key=value, without dashes"),
        ("--cfg", "--cfg/-c: expected one argument"),
        ("train", "train: has no value. A stage is selected with stages=train"),
        ("smoke", "smoke: an experiment is selected with +experiment=smoke"),
        ("help", "help: the help is shown with --help"),
        ("two]", "two]: has no value. Arguments have the form key=value. Quote values with spaces"),
        ("+experiment", "+experiment: has no choice. Allowed: experiment=base, "),
        ("+experiment=", "+experiment=: no such choice. Allowed: base, "),
        ("model=mobilenet", "Allowed: ds_cnn, matchboxnet, mobilenet_v2, tc_resnet. Closest: mobilenet_v2"),
        ("dataset=my/speech", "For a path: dataset=folder dataset.root=my/speech"),
        ("import=m.tflite", "For a path: import.path=m.tflite"),
        ("dataset.words=[one,two", "dataset.words=[one,two: brackets or quotes are not closed"),
        ("seed=1,2", "seed=1,2: several values. Quote one value: \"seed='1,2'\"; -m runs a job for each"),
    ],
)
def test_a_faulty_argument_is_explained(argument: str, text: str) -> None:
    assert text in error(argument)


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        ([], 1, "Usage: python -m kwspipe"),
        (["--help"], 0, "Usage: python -m kwspipe"),
        (["--version"], 0, "kwspipe 0."),
        (["-m", "seed=1,2"], 1, "Error name: has no value; choose an experiment (+experiment=digits_3)"),
        (["+experiment=smoke", "--cfg", "job", "seed=3"], 0, "seed: 3"),
    ],
)
def test_the_command_without_a_run(
    arguments: list[str],
    code: int,
    text: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["kwspipe", *arguments])
    try:
        _main()
        assert code == 0
    except SystemExit as end:
        assert end.code == code
    output = capsys.readouterr()
    assert text in output.out + output.err


def test_shell_completion_is_not_changed() -> None:
    assert rewrite(["-sc", "install=bash"], {}) == (["-sc", "install=bash"], [])


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
    assert arguments == ["++import.path='a=b.tflite'"]
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
