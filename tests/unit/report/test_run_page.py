"""report.html: its contents, and its robustness against the contents of a run."""

import json
import re
from collections.abc import Callable
from itertools import pairwise

import pytest

from kwspipe.config import ReportConfig
from kwspipe.errors import KwspipeError
from kwspipe.report.run_page import is_current, refresh
from support.parsed_page import Page
from support.small_run import HOSTILE, STREAMING, Run

SETTINGS = ReportConfig(max_mistakes=2)
MakeRun = Callable[..., Run]


def page_of(run: Run) -> Page:
    refresh(run.dir, SETTINGS)
    page = Page((run.dir / "report.html").read_text())
    assert page.faults == []
    assert page.fetched() == []
    assert page.handlers() == []
    return page


def words_of(page: Page) -> str:
    return page.words.replace("\N{NARROW NO-BREAK SPACE}", " ")


def test_complete_run(make_run: MakeRun) -> None:
    run = make_run().write_all()
    page = page_of(run)
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    assert {"accuracy", "confusion", "curves", "training", "mistakes", "device", "data", "provenance"} <= ids
    links = {attributes["href"] for attributes in page.all("a")}
    assert links == {f"#{name}" for name in ids}
    for text in (
        "Keyword spotting model for one, two.", "Recordings of people", "66.7",
        "The weights of epoch 2, which has the best mean recall of the classes on validation (65.0 %), were selected",
        "Expected calibration error: float 0.233, int8 0.233", "False accepts 1", "Misses 1", "Confusions 2",
        "12 of 12", "this model 235.5", "2 497 225 instructions", "all of 8 golden inputs", "too short",
        "the checkpoint base.h5; its licence is not known", "soundfile",
    ):  # fmt: skip
        assert text in words_of(page), text
    assert "Synthetic" not in page.words
    assert (run.dir / "report.html").stat().st_size < 1_000_000


def test_epochs_are_counted_from_1(make_run: MakeRun) -> None:
    run = make_run().write_all()
    page_of(run)
    html = (run.dir / "report.html").read_text()
    charts = re.findall(r'<svg[^>]*aria-label="loss over 3 epochs; epoch 2 was selected".*?</svg>', html)
    for chart in charts:
        assert re.findall(r'class="tick"[^>]*text-anchor="middle">([^<]*)<', chart) == ["1", "2", "3"]
    assert len(charts) == 2  # for phones and for desktops


@pytest.mark.parametrize(("monitor", "epoch"), [("val_accuracy", 3), ("val_loss", 2), (None, 2)])
def test_training_of_earlier_releases(make_run: MakeRun, monitor: str | None, epoch: int) -> None:
    run = make_run().write_all()
    manifest = run.dir / "train" / "manifest.json"
    content = json.loads(manifest.read_text())
    content["config"]["train"] = {} if monitor is None else {"monitor": monitor}
    manifest.write_text(json.dumps(content))
    figure = "validation accuracy (80.0 %)" if epoch == 3 else "validation loss (0.800)"
    expected = f"The weights of epoch {epoch}, which has the best {figure}, were selected"
    assert expected in words_of(page_of(run))


def test_it_is_accessible(make_run: MakeRun) -> None:
    page = page_of(make_run().write_all())
    assert all(attributes.get("alt") for attributes in page.all("img"))
    assert all(attributes.get("aria-label") for attributes in page.all("svg"))
    assert all(attributes.get("aria-label") for attributes in page.all("button"))
    assert len(page.all("caption")) == len(page.all("table")) > 5
    assert all(attributes.get("aria-label") for attributes in page.all("audio"))
    assert all(attributes.get("scope") in ("col", "row") for attributes in page.all("th"))
    assert len(page.all("h1")) == 1 and page.all("html")[0]["lang"] == "en"
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and all(after - before <= 1 for before, after in pairwise(levels))


def test_few_clips_are_stated_before_the_figures(make_run: MakeRun) -> None:
    words = words_of(page_of(make_run().write_all()))
    warning = "Few test clips: one 3, two 3, _unknown_ 3. Intervals of ±10 points"
    assert words.index(warning) < words.index("Accuracy 66.7 %")


def test_hard_negatives_are_counted_separately(make_run: MakeRun) -> None:
    run = make_run()
    run.prepare()
    path = run.dir / "prepare" / "summary.json"
    summary = json.loads(path.read_text())
    summary["counts"]["_unknown_"] = {"training": 272, "validation": 10, "testing": 53}
    summary["hard_negatives"] = {"near_miss": {"training": 172, "validation": 6, "testing": 50}}
    path.write_text(json.dumps(summary))
    run.train()
    run.quantize()
    rejected = {"rejected": {"near_miss": 0.98, "word": 1.0}}
    run.evaluate()
    metrics = run.dir / "evaluate" / "metrics.json"
    content = json.loads(metrics.read_text())
    content["int8"] |= rejected
    metrics.write_text(json.dumps(content))
    words = words_of(page_of(run))
    assert "_unknown_ 100 4 3" in words
    assert "near miss _unknown_: words similar to a keyword 172 6 50" in words
    assert "clips 281 19 62" in words
    assert "near miss 50 98.0 90–100" in words


def test_layers_are_collapsed_below_their_totals(make_run: MakeRun) -> None:
    page = page_of(make_run().write_all())
    words = words_of(page)
    assert "total 3 166 867 100.0 %" in words
    assert words.index("total 3 166 867") < words.index("All 3 layers") < words.index("0 CONV_2D")
    assert all("open" not in attributes for attributes in page.all("details"))


def test_synthetic_speech_is_stated_first(make_run: MakeRun) -> None:
    page = page_of(make_run(synthetic=True).write_all())
    assert page.words.index("Synthetic speech.") < page.words.index("Keywords recognized")
    assert "Recordings of people" not in page.words


def test_hostile_names_are_text(make_run: MakeRun) -> None:
    labels = (HOSTILE, "\"'><img src=x onerror=alert(1)>", "_unknown_", "_silence_")
    run = make_run(labels=labels)
    run.write_all()
    page = page_of(run)
    assert HOSTILE in page.text
    assert len(page.all("script")) == 1 and "src" not in page.all("script")[0]
    assert all(attributes.get("src", "").startswith("data:") for attributes in page.all("img"))
    (policy,) = [a["content"] for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None and "default-src 'none'" in policy and "script-src 'sha256-" in policy


def test_control_characters_and_surrogates(make_run: MakeRun) -> None:
    run = make_run(labels=("a\x01b", "two", "_unknown_", "_silence_"))
    run.write_all()
    (run.dir / "config.yaml").write_text('name: "\\uD800 odd"\n')
    assert "two" in page_of(run).text


def test_sections_without_data_are_not_shown(make_run: MakeRun) -> None:
    run = make_run()
    run.prepare()
    run.train()
    run.quantize()
    run.evaluate()
    (run.dir / "evaluate" / "scores.npz").unlink()
    (run.dir / "evaluate" / "mistakes.csv").unlink()
    (run.dir / "quantize" / "profile.csv").unlink()
    page = page_of(run)
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    assert "accuracy" in ids and not ids & {"mistakes", "streams"}
    assert (
        "ROC curves" not in page.words
        and "Board" not in page.words
        and "Cost of the layers" not in page.words
    )


def test_no_page_before_a_run_is_evaluated(make_run: MakeRun) -> None:
    run = make_run()
    assert refresh(run.dir, SETTINGS) is False
    run.prepare()
    run.train()
    assert refresh(run.dir, SETTINGS) is False
    assert not (run.dir / "report.html").exists()
    assert is_current(run.dir, SETTINGS)


def test_it_is_written_again_only_if_something_changed(make_run: MakeRun) -> None:
    run = make_run().write_all()
    assert not is_current(run.dir, SETTINGS)
    assert refresh(run.dir, SETTINGS) is True
    assert is_current(run.dir, SETTINGS)
    before = (run.dir / "report.html").read_bytes()
    assert refresh(run.dir, SETTINGS) is False
    assert refresh(run.dir, ReportConfig(max_mistakes=1)) is True
    assert refresh(run.dir, SETTINGS) is True
    assert (run.dir / "report.html").read_bytes() == before
    run.evaluate(streaming={"threshold": 150, "false_accepts_per_hour": 0.42, "hours": 3.0})
    assert not is_current(run.dir, SETTINGS)
    assert refresh(run.dir, SETTINGS) is True


def test_parts_of_different_models_are_never_mixed(make_run: MakeRun) -> None:
    run = make_run().write_all()
    refresh(run.dir, SETTINGS)
    (run.dir / "quantize" / "manifest.json").unlink()
    (run.dir / "quantize" / "profile.csv").write_text("other")
    run.stage("quantize", ("train",), {}, lambda folder: (folder / "model.tflite").write_text("new") and None)
    assert refresh(run.dir, SETTINGS) is False
    assert not (run.dir / "report.html").exists()  # the evaluated model has been replaced
    run.evaluate()
    page = page_of(run)
    assert "Not shown: deploy. Its inputs from quantize have changed. Run deploy again." in page.words
    assert "Board: emulated" not in page.words


def test_imported_model(make_run: MakeRun) -> None:
    run = make_run()
    run.prepare()
    summary = json.dumps({"adopted": "theirs <1>.tflite"})
    run.stage("quantize", (), {}, lambda folder: (folder / "summary.json").write_text(summary) and None)
    run.evaluate()
    words = page_of(run).words
    assert "Imported from theirs <1>.tflite." in words
    assert "The speakers of the training data of this model are not known." in words
    assert "The test split contains no speakers" not in words


def test_streams(make_run: MakeRun) -> None:
    run = make_run().write_all()
    run.evaluate(streaming=STREAMING)
    page = page_of(run)
    for text in (
        "False accepts per hour 0.42 95 % interval 0.10–1.50, in 3.00 h of speech without keywords",
        "Keywords missed in streams 5.0 % 95 % interval 1–12, 40 spoken",
        "0.42 false accepts per hour (95 % interval 0.10–1.50) in 3.00 h of speech without keywords, "
        "at thresholds 150 of 255 (59 %) to 180 of 255 (71 %).",
        "At the configured threshold 145 of 255 (57 %): 30 false accepts per hour, 2.0 % of the keywords missed.",
        "clean 20 0.0 0–10 120 10.0", "10 dB over noise 20 10.0 – – –", "one 180 of 255 (71 %) 20 – – – 12",
        "negative 3.00 1 0.33 0.01–1.90", "in use: thresholds 150 of 255 (59 %) to 180 of 255 (71 %)",
        "configured: threshold 145 of 255 (57 %)",
        "in use: 59–71 %",
    ):  # fmt: skip
        assert text in words_of(page), text
    assert any("trade-off" in (attributes["aria-label"] or "") for attributes in page.all("svg"))


@pytest.mark.parametrize(
    "streaming",
    [
        {"false_accepts_per_hour": None, "hours": 0, "det": [{"false_accepts_per_hour": None, "x": 1}]},
        {"threshold": 150, "false_accepts_per_hour": 0.5},
    ],
)
def test_streams_with_few_figures(make_run: MakeRun, streaming: dict[str, object]) -> None:
    run = make_run().write_all()
    run.evaluate(streaming=streaming)
    page = page_of(run)
    assert "Measured on long streams" in page.words
    assert not any("trade-off" in (attributes["aria-label"] or "") for attributes in page.all("svg"))


def test_mistakes_of_another_data_set_are_rejected(make_run: MakeRun) -> None:
    run = make_run().write_all()
    text = (run.dir / "evaluate" / "mistakes.csv").read_text()
    (run.dir / "evaluate" / "mistakes.csv").write_text(re.sub(r",\d+$", ",999", text, flags=re.MULTILINE))
    with pytest.raises(KwspipeError, match=r"clip '999' with path .* run evaluate again"):
        refresh(run.dir, SETTINGS)


def test_a_damaged_file_is_named(make_run: MakeRun) -> None:
    run = make_run().write_all()
    (run.dir / "evaluate" / "metrics.json").write_text('{"int8": ')
    with pytest.raises(KwspipeError, match=r"metrics\.json: .*cannot be read .*run evaluate again"):
        refresh(run.dir, SETTINGS)
    (run.dir / "evaluate" / "manifest.json").write_text(json.dumps([]))
    assert refresh(run.dir, SETTINGS) is False
