"""Table of a sweep on the terminal and as CSV."""

import csv
import io
from pathlib import Path

from rich.console import Console

from kwspipe.sweep import table
from kwspipe.sweep.results import Job, read_jobs
from support.sweep_jobs import CAUSE, write_example_jobs, write_job


def printed(jobs: list[Job]) -> str:
    out = io.StringIO()
    table.print_table(jobs, Console(file=out, width=200))
    return out.getvalue()


def test_terminal_shows_means_intervals_and_causes(tmp_path: Path) -> None:
    text = printed(write_example_jobs(tmp_path))
    assert "5 jobs: 3 done, 1 failed, 1 unfinished" in text
    row = next(line for line in text.splitlines() if "2/2" in line)
    # t(0.975, 1) = 12.706, times the standard deviation 0.01414, divided by the square root of 2
    assert "0.1" in row and "91.0 ± 12.7 %" in row and "123" in row
    assert "The first row is the best by validation." in text
    assert "failed: quantize.max_accuracy_drop: int8 loses <0.2> on validation" in text
    assert "did not finish; the same command continues it" in text


def test_figures_are_not_truncated_on_a_narrow_terminal(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        overrides = {
            "schedule.initial_learning_rate": "0.001",
            "augment.transforms": "[a_long_name]" * 5,
            "seed": seed,
        }
        write_job(tmp_path, overrides, validation=0.9, accuracy=0.8 + int(seed) / 100, instructions=3_268_612)
        write_job(tmp_path, overrides | {"augment.transforms": "none"}, validation=0.8, accuracy=0.5)
    out = io.StringIO()
    table.print_table(read_jobs(tmp_path), Console(file=out, width=60))
    lines = out.getvalue().splitlines()
    assert "1  augment.transforms=" + "[a_long_name]" * 5 in lines and "2  augment.transforms=none" in lines
    assert "…" not in out.getvalue() and "3,268,612" in out.getvalue() and "81.5 ± 6.4 %" in out.getvalue()
    assert max(len(line) for line in lines if "augment" not in line) <= 60


def test_equal_outcomes_are_printed_together(tmp_path: Path) -> None:
    for seed in range(1, 6):
        write_job(tmp_path, {"seed": str(seed)}, status="failed", cause="stages.0: received 'adopt'")
    text = printed(read_jobs(tmp_path))
    assert text.count("received 'adopt'") == 1
    assert "seed_1, seed_2, seed_3 and 2 more failed: stages.0" in text


def test_caption_states_that_folds_are_pooled(tmp_path: Path) -> None:
    for fold in ("0", "1"):
        write_job(tmp_path, {"dataset.fold": fold}, accuracy=0.8)
    text = printed(read_jobs(tmp_path))
    assert "Shares are those of the clips of all folds." in text and "2/2" in text
    assert "folds" not in printed(write_example_jobs(tmp_path / "without"))


def test_csv_has_one_row_per_job(tmp_path: Path) -> None:
    table.write_csv(write_example_jobs(tmp_path / "jobs"), tmp_path / "sweep.csv")
    with (tmp_path / "sweep.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["done", "done", "done", "failed", "running"]
    assert rows[0]["model.alpha"] == "0.1" and float(rows[0]["validation"]) == 0.9
    assert rows[3]["cause"] == " ".join(CAUSE.split()) and rows[3]["accuracy"] == ""
