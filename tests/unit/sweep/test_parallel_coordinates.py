"""Parallel coordinates plot: axes, lines, and coordinates within the view box."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

from kwspipe.sweep import parallel_coordinates
from kwspipe.sweep.results import read_jobs
from support.svg_shapes import outside
from support.sweep_jobs import write_example_jobs, write_job


def test_one_axis_per_figure_and_one_line_per_finished_job(tmp_path: Path) -> None:
    text = parallel_coordinates.svg(write_example_jobs(tmp_path))
    svg = ElementTree.fromstring(text)
    name = "{http://www.w3.org/2000/svg}"
    assert len(svg.findall(f"{name}polyline")) == 3
    titles = [text.text for text in svg.findall(f"{name}text") if text.get("class") == "title"]
    assert titles == [
        "model.alpha", "seed", "validation", "test accuracy", "words right", "unknown rejected",
        "false accepts/h", "image bytes", "instructions",
    ]  # fmt: skip
    heights = [point.split(",")[1] for point in svg.findall(f"{name}polyline")[-1].get("points", "").split()]
    # The best job is drawn last, with its alpha at the bottom and its validation result at the top.
    assert float(heights[0]) > float(heights[2])
    assert outside(text) == []


def test_axis_of_texts(tmp_path: Path) -> None:
    for augment, validation in (("light", 0.8), ("none", 0.7)):
        write_job(tmp_path, {"augment": augment}, validation=validation)
    assert ">light</text>" in parallel_coordinates.svg(read_jobs(tmp_path))


def test_a_single_job_has_no_plot(tmp_path: Path) -> None:
    write_job(tmp_path, {"seed": "1"}, validation=0.5)
    assert parallel_coordinates.svg(read_jobs(tmp_path)) == ""
