"""Folder of a job: it depends on the identity of the job only, and its name is readable."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwspipe.sweep.job_folders import identity, job_folder

OVERRIDES = ["+experiment=digits_3", "++model.alpha=0.1", "++seed=2"]


def folder(overrides: list[str], swept: tuple[str, ...] = ("model.alpha", "seed")) -> str:
    return job_folder(Path("sweeps/of/nothing"), overrides, swept).name


def test_name_is_readable_and_needs_no_quotes() -> None:
    assert re.fullmatch(r"alpha_0\.1-seed_2-[0-9a-f]{12}", folder(OVERRIDES))


def test_order_and_execution_settings_have_no_influence() -> None:
    more = ["++stages=[prepare]", "++force=true", "++from=train", *reversed(OVERRIDES), "++name=other"]
    assert folder(more) == folder(OVERRIDES)
    assert folder([*OVERRIDES, "hydra.job.env_set.X=1", "+hydra.job.env_set.Y=2"]) == folder(OVERRIDES)


@pytest.mark.parametrize(
    "other", ["++seed=3", "++model.alpha=0.10", "++dataset.root=/a/b", "++augment.transforms=[]"]
)
def test_settings_of_the_result_change_the_folder(other: str) -> None:
    assert folder([*OVERRIDES, other]) != folder(OVERRIDES)


def test_last_value_of_a_repeated_key_applies() -> None:
    assert identity(["++seed=1", "++seed=2"]) == {"seed": "2"}


@given(st.lists(st.tuples(st.text(min_size=1), st.text())))
def test_folder_is_always_inside_of_the_sweep(pairs: list[tuple[str, str]]) -> None:
    name = folder([f"{key}={value}" for key, value in pairs], tuple(key for key, _ in pairs))
    assert "/" not in name and 0 < len(name) < 100


def test_existing_folder_keeps_its_name(tmp_path: Path) -> None:
    first = job_folder(tmp_path, OVERRIDES, ["seed"])
    first.mkdir()
    assert job_folder(tmp_path, OVERRIDES, ["model.alpha", "seed"]) == first
    assert job_folder(tmp_path, [*OVERRIDES, "++train.epochs=1"], ["seed"]) != first
