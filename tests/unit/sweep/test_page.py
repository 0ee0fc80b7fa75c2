"""Page of a sweep: tables, failed jobs, escaping."""

from pathlib import Path

from kwspipe.sweep import page
from kwspipe.sweep.page import Cell, TableView
from kwspipe.sweep.results import read_jobs
from support.parsed_page import Page
from support.sweep_jobs import write_example_jobs, write_job


def written(sweep_dir: Path, name: str = "a<b") -> Page:
    page.write_page(name, read_jobs(sweep_dir), sweep_dir / "sweep.html")
    parsed = Page((sweep_dir / "sweep.html").read_text())
    assert parsed.faults == [] and parsed.handlers() == []
    return parsed


def test_page_is_self_contained_and_escapes_texts(tmp_path: Path) -> None:
    write_example_jobs(tmp_path)
    parsed = written(tmp_path)
    text = (tmp_path / "sweep.html").read_text()
    assert "<title>Sweep a&lt;b</title>" in text and "&lt;0.2&gt;" in text and "<0.2>" not in text
    assert parsed.fetched() == []
    assert "5 jobs: 3 done, 1 failed, 1 unfinished." in parsed.words
    assert "The best configuration by validation is model.alpha=0.1, with 91.0 ± 12.7 %." in parsed.words


def test_shares_have_one_decimal_and_an_interval(tmp_path: Path) -> None:
    write_example_jobs(tmp_path)
    words = written(tmp_path).words
    assert "91.0 ± 12.7 %" in words  # two seeds
    assert "79.0 % 54–92" in words  # one seed, 15 test clips
    assert "89.0 % 65–97" in words  # a job
    assert "0.9000" not in words


def test_jobs_without_a_result_are_listed_by_cause(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        write_job(tmp_path, {"seed": seed}, status="failed", cause="out of memory")
    parsed = written(tmp_path)
    assert "2 jobs: failed: out of memory seed_1 seed_2" in parsed.words.replace("seed_ ", "seed_")
    assert parsed.all("table") == [] and parsed.all("svg") == []


def test_reports_of_jobs_are_linked(tmp_path: Path) -> None:
    write_example_jobs(tmp_path)
    (tmp_path / "model.alpha_0.1-seed_1" / "report.html").touch()
    assert written(tmp_path).fetched() == ["model.alpha_0.1-seed_1/report.html"]


def test_tables_have_captions_and_roles(tmp_path: Path) -> None:
    write_example_jobs(tmp_path)
    parsed = written(tmp_path)
    assert len(parsed.all("caption")) == len(parsed.all("table")) == 2
    # The layout as a list changes the display of the elements. Their roles remain.
    assert {cell["role"] for cell in parsed.all("td")} == {"cell"}
    assert [box["tabindex"] for box in parsed.all("div") if box.get("class") == "scroll"] == ["0"]


def test_layout_depends_on_the_width_of_the_table() -> None:
    def layout(*texts: str) -> str:
        row = tuple(Cell(text, is_text=True) for text in texts)
        return TableView("", ("key",) * len(row), (row,)).layout

    assert layout("0.5", "one") == ""
    assert layout(*["a_long_value_of_several_parts"] * 9) == ""
    assert layout(*["100,000,000"] * 8) == "many"
    assert layout("mobilenet" * 20) == "lists"
