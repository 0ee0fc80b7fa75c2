"""Page of a sweep: it is self-contained and escapes the texts of the jobs."""

from pathlib import Path

from kwspipe.sweep import page
from support.sweep_jobs import write_example_jobs


def test_page_is_self_contained_and_escapes_texts(tmp_path: Path) -> None:
    jobs = write_example_jobs(tmp_path / "jobs")
    page.write_page("a<b", jobs, tmp_path / "sweep.html")
    text = (tmp_path / "sweep.html").read_text()
    assert "<title>Sweep a&lt;b</title>" in text and "&lt;0.2&gt;" in text and "<0.2>" not in text
    assert 'class="best"' in text and "http://" not in text.replace("http://www.w3.org/2000/svg", "")
