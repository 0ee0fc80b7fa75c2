"""Parallel coordinates plot: axes, lines, and coordinates within the view box."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

from kwspipe.sweep import parallel_coordinates
from kwspipe.sweep.parallel_coordinates import Axis
from kwspipe.sweep.results import read_jobs
from support.svg_shapes import outside
from support.sweep_jobs import write_example_jobs, write_job


def test_one_axis_per_figure_and_one_line_per_finished_job(tmp_path: Path) -> None:
    text = parallel_coordinates.svg(write_example_jobs(tmp_path))
    svg = ElementTree.fromstring(text)
    lines = svg.findall("polyline")
    assert [line.get("class") for line in lines] == ["job", "job best", "job best"]
    titles = [element.text for element in svg.findall("text") if element.get("class") == "title"]
    # Figures that are equal in all jobs have no axis.
    assert titles == ["model.alpha", "seed", "validation", "test accuracy"]
    heights = [point.split(",")[1] for point in lines[-1].get("points", "").split()]
    # The best job is drawn last, with its alpha at the bottom and its validation result at the top.
    assert float(heights[0]) > float(heights[2])
    assert outside(text) == []


def test_equal_figures(tmp_path: Path) -> None:
    assert parallel_coordinates.equal_figures(write_example_jobs(tmp_path)) == {
        "words_accuracy": 0.7, "unknown_rejected": 0.6, "false_accepts_per_hour": 0.5, "image_bytes": 1000.0,
        "instructions": 123.0,
    }  # fmt: skip


def test_long_titles_and_values_are_shortened(tmp_path: Path) -> None:
    names = ("[AddBackgroundNoise,SpecTimeMask]", "none")
    for augment, validation in zip(names, (0.8, 0.7), strict=True):
        write_job(tmp_path, {"schedule.initial_learning_rate": augment}, validation=validation)
    text = parallel_coordinates.svg(read_jobs(tmp_path))
    texts = ElementTree.fromstring(text).findall("text")
    assert [element.text for element in texts if element.get("class") == "title"][:3] == [
        "schedule.",
        "initial_",
        "learning_rate",
    ]
    assert "[AddBackgroundNoise…" in text and f"<title>{names[0]}</title>" in text
    assert outside(text) == []


def test_ticks_contain_both_ends_and_do_not_overlap() -> None:
    axis = Axis("rate", ("a", "b", "c", "d"), (0.0, 0.98, 0.5, 1.0))
    assert sorted(axis.ticks()) == [(0.0, "a"), (0.5, "c"), (1.0, "d")]


def test_few_numbers_are_equally_spaced(tmp_path: Path) -> None:
    for rate in ("1e-4", "1e-3", "1e-2"):
        write_job(tmp_path, {"rate": rate}, validation=float(rate))
    text = parallel_coordinates.svg(read_jobs(tmp_path))
    starts = [line.get("points", "").split()[0] for line in ElementTree.fromstring(text).findall("polyline")]
    heights = sorted(float(point.split(",")[1]) for point in starts)
    assert heights[1] - heights[0] == heights[2] - heights[1]


def test_axis_of_texts(tmp_path: Path) -> None:
    for augment, validation in (("light", 0.8), ("none", 0.7)):
        write_job(tmp_path, {"augment": augment}, validation=validation)
    assert "light</text>" in parallel_coordinates.svg(read_jobs(tmp_path)).replace(
        "<title>light</title>", "light"
    )


def test_a_single_job_has_no_plot(tmp_path: Path) -> None:
    write_job(tmp_path, {"seed": "1"}, validation=0.5)
    assert parallel_coordinates.svg(read_jobs(tmp_path)) == ""
