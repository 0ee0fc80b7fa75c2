"""Runs side by side, from run directories and archives; what is refused, and what the tables say."""

import csv
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from kwspipe.errors import KwspipeError
from kwspipe.exchange import run_archive
from kwspipe.metrics import comparison_report
from kwspipe.metrics.comparison import Comparison, compare
from kwspipe.metrics.evaluated_run import EvaluatedRun
from kwspipe.metrics.predictions import Prediction
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


def test_a_comparison_needs_no_experiment(runs: Path) -> None:
    config = composed(runs, "first", "second")
    assert (config.name, config.dataset.words) == ("comparison", ("one", "two"))  # type: ignore[attr-defined]


def test_tables_of_a_directory_and_an_archive(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = run_archive.write(runs / "second", "second")
    stage.run(composed(runs, "first", str(archive)), runs / "comparison", tmp_path)  # type: ignore[arg-type]
    assert {path.name for path in tmp_path.iterdir()} == {
        "comparison.csv", "significance.csv", "comparison.md", "comparison.html",
    }  # fmt: skip
    rows = {row["figure"]: row for row in csv.DictReader((tmp_path / "comparison.csv").open())}
    assert (rows["all clips right"]["first"], rows["all clips right"]["second"]) == ("0.5", "0.9")
    assert rows["multiply-accumulates"]["first"] == "11564"
    assert int(rows["image bytes"]["second"]) == (runs / "second/quantize/model.kws").stat().st_size
    verdicts = list(csv.DictReader((tmp_path / "significance.csv").open()))
    whole = next(row for row in verdicts if row["share of"] == "all clips right")
    assert (whole["clips"], whole["first only"], whole["this only"]) == ("40", "0", "16")
    assert whole["verdict"] == "better" and float(whole["p"]) < 0.001
    assert whole["difference, 95 %"].startswith("+40.0 (")
    said = capsys.readouterr().out
    assert "Runs side by side" in said and "better" in said and "90.0 %" in said
    assert "| all clips right | 50.0 % | 90.0 % |" in (tmp_path / "comparison.md").read_text()
    page = (tmp_path / "comparison.html").read_text()
    assert '<td class="better">better</td>' in page and "prefers-color-scheme" in page
    assert "http" not in page  # it needs nothing else


def test_different_clips_are_refused_unless_asked_for(runs: Path, tmp_path: Path) -> None:
    text = failure(runs, tmp_path, "first", "shifted")
    assert "runs judged on different clips (first 40, shifted 40; 30 in common)" in text
    assert "or compare on the 30 clips they share: compare.clips=common" in text
    assert list(tmp_path.iterdir()) == []
    config = composed(runs, "first", "shifted", clips="common")
    stage.run(config, runs / "comparison", tmp_path)  # type: ignore[arg-type]
    assert (
        "> compared on the 30 clips all runs share (of first 40, shifted 40)."
        in (tmp_path / "comparison.md").read_text()
    )
    text = failure(runs, tmp_path, "first", "apart", clips="common")
    assert "0 in common" in text and "evaluate them on the same data" in text and "=common" not in text


def test_what_is_no_evaluated_run_is_named(runs: Path, tmp_path: Path) -> None:
    text = failure(runs, tmp_path, "first", "third")
    assert "'third' is neither a path nor a run in" in text
    assert "one of: apart, first, second, shifted" in text
    assert "1 of them. Allowed: two or more runs" in failure(runs, tmp_path, "first")
    bare = make_run(tmp_path / "bare")
    for file in (bare / "evaluate").iterdir():
        file.unlink()
    text = failure(runs, tmp_path / "out", "first", str(bare))
    assert "it has no evaluate/metrics.json of the model that is there" in text
    (bare / "quantize" / "labels.txt").write_text("changed")
    assert "it holds no model, or one whose files were changed" in failure(
        runs, tmp_path / "out", "first", str(bare)
    )


def of(name: str, said: dict[str, tuple[str, str]], **metrics: object) -> EvaluatedRun:
    predictions = {clip: Prediction(label, predicted, 0.5) for clip, (label, predicted) in said.items()}
    return EvaluatedRun(name, ("one", "_unknown_", "_silence_"), metrics, predictions, {"image bytes": 1000})


def values(result: Comparison, figure: str) -> tuple[float | None, ...]:
    return next(row.values for row in result.rows if row.figure == figure)


def test_shares_by_hand() -> None:
    first = of("a", {"1": ("one", "one"), "2": ("_unknown_", "_silence_"), "3": ("_silence_", "one")})
    other = of("b", {"1": ("one", "_unknown_"), "2": ("_unknown_", "one"), "3": ("_silence_", "_silence_")})
    result = compare([first, other], False, 0.05)
    assert values(result, "words right") == (1.0, 0.0)
    assert values(result, "_unknown_ not called a word") == (1.0, 0.0)
    assert values(result, "_silence_ not called a word") == (0.0, 1.0)
    assert values(result, "_unknown_") == (0.0, 0.0)
    assert [(v.what, v.paired.only_first, v.paired.only_second) for v in result.verdicts] == [
        ("all clips right", 1, 1), ("words right", 1, 0), ("_unknown_ not called a word", 1, 0),
        ("_silence_ not called a word", 0, 1),
    ]  # fmt: skip
    assert {v.text for v in result.verdicts} == {"no difference shown"}


def test_clips_of_another_label_are_not_paired() -> None:
    first = of("a", {"1": ("one", "one"), "2": ("one", "one")})
    other = of("b", {"1": ("_unknown_", "_unknown_"), "2": ("one", "_unknown_")})
    result = compare([first, other], False, 0.05)
    assert result.verdicts[0].paired.clips == 1
    assert "1 clips have another label in b than in a: they are not in the test" in result.notes[0]


def test_streams_and_missing_figures() -> None:
    said = {"1": ("one", "one")}
    streaming = {"false_accepts_per_hour": 0.25, "threshold": 150, "per_word": {}, "done": True}
    first = of("a", said, streaming=streaming, float={"accuracy": 0.5})
    result = compare([first, of("b", said)], False, 0.05)
    assert values(result, "false_accepts_per_hour") == (0.25, None)
    assert values(result, "float") == (0.5, None)
    assert not any(row.figure in ("done", "per_word") for row in result.rows)
    text = io.StringIO()
    comparison_report.print_comparison(result, Console(file=text, width=120))
    assert "0.25" in text.getvalue() and " -" in text.getvalue()


def test_names_of_runs_cannot_break_the_page() -> None:
    first = of("<b>", {"1": ("one", "one")})
    page = comparison_report.html(compare([first, of("a|b", {"1": ("one", "one")})], False, 0.05))
    assert "<b>" not in page and "&lt;b&gt;" in page
    text = comparison_report.markdown(compare([first, of("a|b", {"1": ("one", "one")})], False, 0.05))
    assert "a\\|b" in text


def test_predictions_that_are_damaged_name_their_run(runs: Path, tmp_path: Path) -> None:
    run_dir = make_run(tmp_path / "damaged")
    manifest = json.loads((run_dir / "evaluate/manifest.json").read_text())
    (run_dir / "evaluate/predictions.csv").write_text("nonsense\n")
    from kwspipe.files.hashing import file_hash

    manifest["outputs"]["predictions.csv"] = file_hash(run_dir / "evaluate/predictions.csv")
    (run_dir / "evaluate/manifest.json").write_text(json.dumps(manifest))
    assert "damaged: evaluate/predictions.csv: it is damaged" in failure(
        runs, tmp_path, "first", str(run_dir)
    )
