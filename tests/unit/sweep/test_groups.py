"""Groups of jobs: statistics over seeds and folds, and the choice of the best group."""

from pathlib import Path

import pytest

from kwspipe.sweep.groups import estimate, groups_of, varied_keys
from kwspipe.sweep.results import read_jobs
from support.sweep_jobs import write_job


def test_interval_is_that_of_student() -> None:
    # t(0.975, 2) = 4.303; the standard deviation of 1, 2, 3 is 1.
    three = estimate([1.0, 2.0, 3.0])
    assert three.mean == 2 and three.half_width == pytest.approx(4.303 / 3**0.5, abs=1e-3)
    assert estimate([0.5]).half_width is None


def test_figures_are_read_from_the_folders_of_the_stages(tmp_path: Path) -> None:
    job = write_job(tmp_path, {"seed": "1"}, validation=0.9, accuracy=0.8)
    assert job.figures == {
        "validation": 0.9, "accuracy": 0.8, "words_accuracy": 0.7, "unknown_rejected": 0.6,
        "false_accepts_per_hour": 0.5, "image_bytes": 1000.0, "instructions": 123.0,
    }  # fmt: skip
    assert all(figure is None for figure in write_job(tmp_path, {"seed": "2"}).figures.values())


def test_seeds_are_one_group_and_the_best_is_chosen_by_validation(tmp_path: Path) -> None:
    for alpha, validation, accuracy in (("0.1", 0.9, 0.7), ("0.2", 0.8, 0.99)):
        for seed in ("1", "2"):
            write_job(
                tmp_path,
                {"experiment": "digits_3", "model.alpha": alpha, "seed": seed},
                validation=validation + float(seed) / 100,
                accuracy=accuracy,
            )
    jobs = read_jobs(tmp_path)
    assert varied_keys(jobs) == ["model.alpha", "seed"]
    first, second = groups_of(jobs)
    assert first.overrides == {"model.alpha": "0.1"} and first.best and not second.best
    assert first.estimates["validation"].mean == pytest.approx(0.915)
    assert first.num_done == 2


def test_folds_are_pooled_by_their_clips_and_seeds_averaged(tmp_path: Path) -> None:
    of_fold = {
        "0": (0.9, 35),
        "1": (0.5, 5),
    }  # accuracy, number of words; each fold has five clips of silence
    for seed, decrease in (("1", 0.0), ("2", 0.1)):
        for fold, (accuracy, words) in of_fold.items():
            overrides = {"dataset.fold": fold, "seed": seed}
            write_job(tmp_path, overrides, accuracy=accuracy - decrease, words=words, validation=accuracy)
    (group,) = groups_of(read_jobs(tmp_path))
    assert group.overrides == {} and group.num_done == 4
    assert group.estimates["accuracy"].mean == pytest.approx((0.9 * 40 + 0.5 * 10) / 50 - 0.05)
    assert group.estimates["accuracy"].half_width is not None
    assert group.estimates["validation"].mean == pytest.approx(0.7), "it is not a share of test clips"
    assert group.estimates["unknown_rejected"].mean == pytest.approx(0.6), "there are no such clips"


def test_figures_of_an_earlier_attempt_of_a_failed_job_are_not_used(tmp_path: Path) -> None:
    write_job(tmp_path, {"seed": "1"}, validation=0.5)
    write_job(tmp_path, {"seed": "2"}, status="failed", cause="x", validation=0.9)
    (group,) = groups_of(read_jobs(tmp_path))
    assert group.estimates["validation"].mean == 0.5 and group.num_done == 1 and len(group.jobs) == 2


def test_without_figures_no_group_is_best(tmp_path: Path) -> None:
    write_job(tmp_path, {"seed": "1"})
    (group,) = groups_of(read_jobs(tmp_path))
    assert not group.best and group.estimates == {}
