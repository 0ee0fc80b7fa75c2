"""The table of a sweep, as people and as programs read it."""

import csv
import io
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from rich.console import Console

from kwspipe.sweep import page, parallel, table
from kwspipe.sweep.results import Job, jobs_of
from support.sweep_jobs import write_job

CAUSE = "quantize.max_accuracy_drop: int8 loses <0.2>\n on validation"


def some_jobs(folder: Path) -> list[Job]:
    for alpha, seed, validation in (("0.1", "1", 0.9), ("0.1", "2", 0.92), ("0.2", "1", 0.8)):
        write_job(
            folder, {"model.alpha": alpha, "seed": seed}, validation=validation, accuracy=validation - 0.01
        )
    write_job(folder, {"model.alpha": "0.2", "seed": "2"}, status="failed", cause=CAUSE)
    write_job(folder, {"model.alpha": "0.3", "seed": "1"}, status="running")
    return jobs_of(folder)


def printed(jobs: list[Job]) -> str:
    out = io.StringIO()
    table.print_table(jobs, Console(file=out, width=200))
    return out.getvalue()


def test_the_terminal_shows_means_intervals_and_causes(tmp_path: Path) -> None:
    text = printed(some_jobs(tmp_path))
    assert "5 jobs: 3 done, 1 failed, 1 unfinished" in text
    row = next(line for line in text.splitlines() if "2/2" in line)
    # t(0.975, 1) = 12.706, times the standard deviation 0.01414, over the root of 2
    assert "0.1" in row and "91.0 ± 12.7 %" in row and "123" in row
    assert "The first row is the best by validation." in text
    assert "failed: quantize.max_accuracy_drop: int8 loses <0.2> on validation" in text
    assert "has not come to its end; the same command goes on with it" in text


def test_jobs_that_ended_alike_are_told_of_once(tmp_path: Path) -> None:
    for seed in range(1, 6):
        write_job(tmp_path, {"seed": str(seed)}, status="failed", cause="stages.0: received 'adopt'")
    text = printed(jobs_of(tmp_path))
    assert text.count("received 'adopt'") == 1
    assert "seed_1, seed_2, seed_3 and 2 more failed: stages.0" in text


def test_the_terminal_says_that_folds_are_pooled(tmp_path: Path) -> None:
    for fold in ("0", "1"):
        write_job(tmp_path, {"dataset.fold": fold}, accuracy=0.8)
    text = printed(jobs_of(tmp_path))
    assert "Shares are of the clips of all folds together." in text and "2/2" in text
    assert "folds" not in printed(some_jobs(tmp_path / "without"))


def test_the_csv_has_a_row_a_job(tmp_path: Path) -> None:
    table.write_csv(some_jobs(tmp_path / "jobs"), tmp_path / "sweep.csv")
    with (tmp_path / "sweep.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["done", "done", "done", "failed", "running"]
    assert rows[0]["model.alpha"] == "0.1" and float(rows[0]["validation"]) == 0.9
    assert rows[3]["cause"] == " ".join(CAUSE.split()) and rows[3]["accuracy"] == ""


def test_the_page_is_whole_and_escapes_what_jobs_say(tmp_path: Path) -> None:
    jobs = some_jobs(tmp_path / "jobs")
    page.write_page("a<b", jobs, tmp_path / "sweep.html")
    text = (tmp_path / "sweep.html").read_text()
    assert "<title>Sweep a&lt;b</title>" in text and "&lt;0.2&gt;" in text and "<0.2>" not in text
    assert 'class="best"' in text and "http://" not in text.replace("http://www.w3.org/2000/svg", "")


def test_the_plot_has_an_axis_a_figure_and_a_line_a_finished_job(tmp_path: Path) -> None:
    svg = ElementTree.fromstring(parallel.svg(some_jobs(tmp_path)))
    name = "{http://www.w3.org/2000/svg}"
    assert len(svg.findall(f"{name}polyline")) == 3
    titles = [text.text for text in svg.findall(f"{name}text") if text.get("class") == "title"]
    assert titles == [
        "model.alpha", "seed", "validation", "test accuracy", "words right", "unknown rejected",
        "false accepts/h", "image bytes", "instructions",
    ]  # fmt: skip
    heights = [point.split(",")[1] for point in svg.findall(f"{name}polyline")[-1].get("points", "").split()]
    assert float(heights[0]) > float(
        heights[2]
    )  # the best is drawn last: alpha at the bottom, validation at the top


def test_words_as_values_have_places_too(tmp_path: Path) -> None:
    for augment, validation in (("light", 0.8), ("none", 0.7)):
        write_job(tmp_path, {"augment": augment}, validation=validation)
    assert ">light</text>" in parallel.svg(jobs_of(tmp_path))


def test_a_single_job_has_no_plot(tmp_path: Path) -> None:
    write_job(tmp_path, {"seed": "1"}, validation=0.5)
    assert parallel.svg(jobs_of(tmp_path)) == ""
