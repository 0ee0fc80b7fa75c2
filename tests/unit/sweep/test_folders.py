"""A job's folder follows from its overrides, and from nothing else."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwspipe.sweep.folders import cores_divided, identity, job_folder

OVERRIDES = ["+experiment=digits_3", "++model.alpha=0.1", "++seed=2"]


def folder(overrides: list[str], swept: tuple[str, ...] = ("model.alpha", "seed")) -> str:
    return job_folder(Path("sweeps/of/nothing"), overrides, swept).name


def test_it_is_readable_and_takes_no_quotes() -> None:
    assert re.fullmatch(r"alpha_0\.1-seed_2-[0-9a-f]{12}", folder(OVERRIDES))


def test_order_and_what_is_done_do_not_matter() -> None:
    more = ["++stages=[prepare]", "++force=true", "++from=train", *reversed(OVERRIDES), "++name=other"]
    assert folder(more) == folder(OVERRIDES)
    assert folder([*OVERRIDES, "hydra.job.env_set.X=1", "+hydra.job.env_set.Y=2"]) == folder(OVERRIDES)


@pytest.mark.parametrize(
    "other", ["++seed=3", "++model.alpha=0.10", "++dataset.root=/a/b", "++augment.transforms=[]"]
)
def test_what_may_change_the_result_does(other: str) -> None:
    assert folder([*OVERRIDES, other]) != folder(OVERRIDES)


def test_the_last_of_a_repeated_key_counts() -> None:
    assert identity(["++seed=1", "++seed=2"]) == {"seed": "2"}


@given(st.lists(st.tuples(st.text(min_size=1), st.text())))
def test_no_override_leads_out_of_the_sweep(pairs: list[tuple[str, str]]) -> None:
    name = folder([f"{key}={value}" for key, value in pairs], tuple(key for key, _ in pairs))
    assert "/" not in name and 0 < len(name) < 100


def test_a_folder_that_is_there_keeps_its_name(tmp_path: Path) -> None:
    first = job_folder(tmp_path, OVERRIDES, ["seed"])
    first.mkdir()
    assert job_folder(tmp_path, OVERRIDES, ["model.alpha", "seed"]) == first
    assert job_folder(tmp_path, [*OVERRIDES, "++train.epochs=1"], ["seed"]) != first


def test_a_share_of_the_cores_is_never_nothing() -> None:
    assert cores_divided(10**6, 1) == 1
    assert cores_divided(10**6, 2) == 2
