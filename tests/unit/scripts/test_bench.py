"""File and table of the benchmarks. The tests do not measure speed."""

import importlib
import io
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
from rich.console import Console

from support.paths import SCRIPTS

# Other tools read these names.
NAMED = {
    "frontend_clips_per_second", "data_path_noisy_clips_per_second", "train_clips_per_second", "int8_inference_us",
    "stream_realtime_factor", "pipeline_seconds",
}  # fmt: skip


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module("bench")


def entry(**values: object) -> dict[str, object]:
    return importlib.import_module("bench_entry").entry(**values).as_mapping()


def test_every_named_figure_has_a_benchmark(bench: ModuleType) -> None:
    assert set(bench.BENCHMARKS) >= NAMED


def test_ratios_above_1_are_better(bench: ModuleType) -> None:
    faster = entry(name="a", value=300.0, unit="clips/s", reference=100.0, peer=150.0)
    assert (faster["ratio"], faster["peer_ratio"]) == (3.0, 2.0)
    quicker = entry(name="a", value=50.0, unit="s", reference=100.0, lower_is_better=True)
    assert (quicker["ratio"], quicker["peer_ratio"]) == (2.0, None)
    assert {"name", "value", "unit", "reference", "ratio"} <= set(quicker)


def test_single_measurement_keeps_the_other_figures(
    bench: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "runs" / "bench.json"
    for name, value in (
        ("int8_inference_us", 500.0),
        ("frontend_clips_per_second", 9000.0),
        ("int8_inference_us", 400.0),
    ):
        measured = importlib.import_module("bench_entry").entry(name, value, "us", 800.0, "the interpreter")
        monkeypatch.setitem(bench.BENCHMARKS, name, lambda measured=measured: measured)
        monkeypatch.setattr(sys, "argv", ["bench.py", "--only", name, "--result", str(file)])
        bench.main()
    entries = json.loads(file.read_text())
    assert [(one["name"], one["value"]) for one in entries] == [
        ("frontend_clips_per_second", 9000.0),
        ("int8_inference_us", 400.0),
    ]
    assert "Written to" in capsys.readouterr().out


def test_table_shows_value_references_and_their_sources(bench: ModuleType) -> None:
    name = "int8_inference_us"
    one = entry(
        name=name,
        value=400.0,
        unit="us",
        reference=800.0,
        reference_is="the interpreter",
        lower_is_better=True,
    )
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(bench.table({name: one}))
    text = console.export_text()
    assert "400" in text and "2.00" in text and f"{name}: the interpreter" in text


def test_damaged_file_is_named(bench: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "bench.json").write_text("{")
    with pytest.raises(
        SystemExit, match=r"bench\.json is not a file of this script: delete it and run again"
    ):
        bench._earlier(tmp_path / "bench.json")
