"""Commands, overrides, make targets, source files and links in README.md, docs/ and the READMEs of the firmware."""

import functools
import re
import shlex
import subprocess
import sys
from types import SimpleNamespace

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override

from kwspipe import augment
from kwspipe.config import FrontendConfig, ModelConfig, TransferConfig
from kwspipe.config.parse import parse
from kwspipe.errors import ConfigError
from kwspipe.transfer.checkpoint_check import check_checkpoint
from support.composed import composed
from support.documents import DOCUMENTS, commands, make_targets, snippets
from support.paths import REPOSITORY

# Choices that the keys of launchers and sweepers belong to, the more specific keys first.
HYDRA_CHOICES = {
    "hydra.launcher.ray": "hydra/launcher=ray",
    "hydra.launcher.n_jobs": "hydra/launcher=joblib",
    "hydra.launcher": "hydra/launcher=submitit_slurm",
    "hydra.sweeper": "hydra/sweeper=optuna",
}
ALL_TEXT = "".join(path.read_text() for path in DOCUMENTS)


def cases(printing: bool) -> list:
    """Returns the commands that only print, such as ``--help``, or all others. Repeated commands are omitted."""
    positions: dict[str, str] = {}
    for where, arguments in commands():
        positions.setdefault(shlex.join(arguments), where)
    chosen = [text for text in positions if any(word.startswith("--") for word in text.split()) == printing]
    return [pytest.param(shlex.split(text), id=f"{positions[text]} {text}") for text in chosen]


def values(override: Override) -> list[str]:
    """Returns one override per job of a sweep. An interval has two jobs, for its two ends."""
    if not override.is_sweep_override():
        return [str(override.input_line)]
    value = override.value()
    ends = (value.start, value.end) if isinstance(value, IntervalSweep) else override.sweep_string_iterator()
    return [f"{override.get_key_element()}={end}" for end in ends]


def check(arguments: list[str]) -> None:
    """Composes and parses the configuration of a command, and checks transforms and checkpoint.

    Each value of a sweep is part of one configuration. Composing every combination would take several minutes.
    """
    overrides = OverridesParser.create().parse_overrides([word for word in arguments if word != "-m"])
    swept = [values(one) if "-m" in arguments else [str(one.input_line)] for one in overrides]
    jobs = [[texts[job % len(texts)] for texts in swept] for job in range(max(map(len, swept)))]
    keys = {override.key_or_group for override in overrides}
    choices = [
        choice for start, choice in HYDRA_CHOICES.items() if any(key.startswith(start) for key in keys)
    ][:1]
    choices = [] if any(key.startswith("hydra/") for key in keys) else choices
    if "experiment" not in keys:  # words and name are those of a model, which does not exist here
        assert keys & {"import.path", "compare.runs"}, "neither an experiment nor a model"
        choices += ["name=imported", "dataset.words=[one]"]
    for job in jobs:
        config = parse(composed(*choices, *job))
        augment.check(config.augment.transforms, config.dataset.words)
        if config.transfer.source == "bundled":
            check_once(config.transfer, config.model, config.frontend)


@functools.cache
def check_once(transfer: TransferConfig, model: ModelConfig, frontend: FrontendConfig) -> None:
    """Checks a checkpoint. Many commands differ in other settings only."""
    check_checkpoint(SimpleNamespace(transfer=transfer, model=model, frontend=frontend))  # type: ignore[arg-type]


@pytest.mark.parametrize("arguments", cases(printing=False))
def test_command_composes(arguments: list[str]) -> None:
    check(arguments)


@pytest.mark.parametrize("arguments", cases(printing=True))
def test_command_prints(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "kwspipe", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=REPOSITORY)
    assert done.returncode == 0 and done.stdout, done.stderr


def test_documented_error_is_that_of_the_command() -> None:
    documented = re.findall(r"^\$ python -m kwspipe ([^\n]*)\nError (.*?)^```", ALL_TEXT, re.M | re.S)
    assert documented
    for command, text in documented:
        with pytest.raises(ConfigError) as caught:
            check(command.split())
        assert str(caught.value).strip() == text.strip()


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):.*##", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    assert [f"{where}: make {target}" for where, target in make_targets() if target not in targets] == []


def test_source_files_exist() -> None:
    roots = [REPOSITORY, REPOSITORY / "src" / "kwspipe", REPOSITORY / "firmware"]
    name = re.compile(r"^[\w./]+/[\w.]+\.(?:py|c|h|yaml)$|scripts/\w+\.py")
    names = [(where, found) for where, text in snippets() for found in name.findall(text)]
    assert names and [item for item in names if not any((root / item[1]).is_file() for root in roots)] == []


def test_links_lead_to_files() -> None:
    links = [
        (path, link) for path in DOCUMENTS for link in re.findall(r"\]\(([^)#:]+)[^):]*\)", path.read_text())
    ]
    assert [f"{path.name}: {link}" for path, link in links if not (path.parent / link).exists()] == []
