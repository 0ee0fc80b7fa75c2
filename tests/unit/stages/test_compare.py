"""Stage ``compare``: inputs, rejected runs and written files."""

import csv
import json
from pathlib import Path

import pytest

from kwspipe.errors import KwspipeError
from kwspipe.exchange import run_archive
from kwspipe.files.hashing import file_hash
from kwspipe.stages import compare as stage
from support.run_folders import composed_config, make_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    make_run(folder / "first", seed=1, right=20)
    make_run(folder / "second", seed=2, right=36)
    make_run(folder / "shifted", seed=3, right=36, first_clip=10)
    make_run(folder / "apart", seed=3, right=36, first_clip=100)
    return folder


def composed(runs: Path, *names: str, clips: str = "same") -> object:
    return composed_config(
        "stages=[compare]", f"run_dir={runs / 'comparison'}", f"compare.runs=[{','.join(names)}]",
        f"compare.clips={clips}",
    )  # fmt: skip


def failure(runs: Path, folder: Path, *names: str, clips: str = "same") -> str:
    with pytest.raises(KwspipeError) as caught:
        stage.run(composed(runs, *names, clips=clips), runs / "comparison", folder)  # type: ignore[arg-type]
    return str(caught.value)


def test_comparison_needs_no_experiment(runs: Path) -> None:
    config = composed(runs, "first", "second")
    assert (config.name, config.dataset.words) == ("comparison", ("one", "two"))  # type: ignore[attr-defined]


def test_comparison_of_a_run_directory_and_an_archive(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = run_archive.write(runs / "second", "second")
    stage.run(composed(runs, "first", str(archive)), runs / "comparison", tmp_path)  # type: ignore[arg-type]
    assert {path.name for path in tmp_path.iterdir()} == {
        "comparison.csv", "significance.csv", "comparison.md", "comparison.html",
    }  # fmt: skip
    rows = {row["figure"]: row for row in csv.DictReader((tmp_path / "comparison.csv").open())}
    assert (rows["all clips correct"]["first"], rows["all clips correct"]["second"]) == ("0.5", "0.9")
    assert rows["multiply-accumulates"]["first"] == "11564"
    assert int(rows["image bytes"]["second"]) == (runs / "second/quantize/model.kws").stat().st_size
    verdicts = list(csv.DictReader((tmp_path / "significance.csv").open()))
    total = next(row for row in verdicts if row["share of"] == "all clips correct")
    assert (total["clips"], total["first only"], total["this only"]) == ("40", "0", "16")
    assert total["verdict"] == "better" and float(total["p"]) < 0.001
    assert total["difference, 95 %"].startswith("+40.0 (")
    printed = capsys.readouterr().out
    assert "Comparison of runs" in printed and "better" in printed and "90.0 %" in printed
    assert (
        "| all clips correct | 50.0 % (35–65) | 90.0 % (77–96) |" in (tmp_path / "comparison.md").read_text()
    )
    page = (tmp_path / "comparison.html").read_text()
    assert '<td class="result better">better</td>' in page and "prefers-color-scheme" in page
    assert "http://" not in page and "https://" not in page  # the page is self-contained


def test_different_clips_need_the_setting_common(runs: Path, tmp_path: Path) -> None:
    text = failure(runs, tmp_path, "first", "shifted")
    assert "runs evaluated on different clips (first 40, shifted 40; 30 in common)" in text
    assert "or compare them on the 30 common clips: compare.clips=common" in text
    assert list(tmp_path.iterdir()) == []
    config = composed(runs, "first", "shifted", clips="common")
    stage.run(config, runs / "comparison", tmp_path)  # type: ignore[arg-type]
    assert (
        "> compared on the 30 common clips (of first 40, shifted 40)."
        in (tmp_path / "comparison.md").read_text()
    )
    text = failure(runs, tmp_path, "first", "apart", clips="common")
    assert "0 in common" in text and "evaluate the runs on the same data" in text and "=common" not in text


def test_runs_without_evaluation_are_rejected(runs: Path, tmp_path: Path) -> None:
    text = failure(runs, tmp_path, "first", "third")
    assert "'third' is neither a path nor a run in" in text
    assert "one of: apart, first, second, shifted" in text
    assert "1 run(s). Allowed: two or more runs" in failure(runs, tmp_path, "first")
    assert "compare.runs: first twice. Allowed: each run once" in failure(runs, tmp_path, "first", "first")
    bare = make_run(tmp_path / "bare")
    for file in (bare / "evaluate").iterdir():
        file.unlink()
    text = failure(runs, tmp_path / "out", "first", str(bare))
    assert "no evaluate/metrics.json of the present model" in text
    (bare / "quantize" / "labels.txt").write_text("changed")
    assert "no model, or a model whose files were changed" in failure(
        runs, tmp_path / "out", "first", str(bare)
    )


def test_error_of_damaged_predictions_contains_the_run(runs: Path, tmp_path: Path) -> None:
    run_dir = make_run(tmp_path / "damaged")
    manifest = json.loads((run_dir / "evaluate/manifest.json").read_text())
    (run_dir / "evaluate/predictions.csv").write_text("nonsense\n")
    manifest["outputs"]["predictions.csv"] = file_hash(run_dir / "evaluate/predictions.csv")
    (run_dir / "evaluate/manifest.json").write_text(json.dumps(manifest))
    assert "damaged: evaluate/predictions.csv: damaged: columns" in failure(
        runs, tmp_path, "first", str(run_dir)
    )
