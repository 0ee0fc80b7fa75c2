"""Summary at the end of a run, as printed."""

import dataclasses
import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from kwspipe.config import PipelineConfig
from kwspipe.pipeline.summary import commands, printing
from kwspipe.pipeline.summary.commands import RunCommand
from kwspipe.pipeline.summary.printing import print_job_line, print_summary
from support.run_folders import composed_config
from support.small_run import STREAMING, Run

ALL = ("prepare", "train", "quantize", "evaluate", "deploy")
COMMAND = RunCommand(("python", "-m", "kwspipe"), ("+experiment=digits_3",))


@pytest.fixture
def config(tmp_path: Path) -> PipelineConfig:
    config = composed_config("+experiment=digits_3", f"run_dir={tmp_path / 'run'}")
    return dataclasses.replace(config, name="small")


@pytest.fixture(autouse=True)
def in_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(commands, "command_of_this_process", lambda: COMMAND)
    monkeypatch.setattr(commands.shutil, "which", lambda name: name)
    monkeypatch.setattr(commands.sys, "platform", "linux")


def printed(config: PipelineConfig, *chosen: str, failed: bool = False, width: int = 80) -> list[str]:
    stream = io.StringIO()
    print_summary(config, Path(config.run_dir), chosen, failed, Console(file=stream, width=width))
    return stream.getvalue().splitlines()


def evaluated(config: PipelineConfig, synthetic: bool = False, **more: Any) -> Run:
    run = Run(Path(config.run_dir), synthetic=synthetic)
    run.prepare(clips_per_class=10)
    run.train()
    run.quantize()
    run.evaluate(**{"streaming": STREAMING} | more)
    run.deploy()
    for name in ("report.html", "small.kwspipe.zip", "quantize/model.tflite"):
        (run.dir / name).write_text("")
    return run


def test_figures_have_intervals_and_no_line_is_wrapped(config: PipelineConfig) -> None:
    evaluated(config)
    lines = printed(config, *ALL)
    text = "\n".join(lines)
    assert "  keywords recognized           65.0 %  43 to 82 %      of 20 clips" in lines
    assert "  _unknown_ rejected           100.0 %  72 to 100 %     of 10 clips" in lines
    assert "  false accepts per hour           0.4  0.1 to 1.5      1 in 3.00 h" in lines
    assert "  keywords missed                5.0 %  1 to 12 %       of 40 spoken" in lines
    assert "Streams, thresholds 150 of 255 (59 %) to 180 of 255 (71 %)" in lines
    assert all(len(line) <= 80 and line == line.rstrip() for line in lines[: lines.index("Next")])
    assert len(lines) < 30 and "│" not in text and "babble" not in text


def test_warnings_come_before_the_figures(config: PipelineConfig) -> None:
    evaluated(config, synthetic=True)
    text = " ".join(" ".join(printed(config, *ALL)).split())
    positions = [
        text.index(part) for part in ("all clips are synthetic", "few test clips", "keywords recognized")
    ]
    assert positions == sorted(positions)
    assert "Intervals of ±10 points require about" in text


def test_files_and_commands_are_relative_and_can_be_copied(config: PipelineConfig) -> None:
    evaluated(config)
    lines = printed(config, *ALL)
    assert lines[lines.index("Files") :] == [
        "Files",
        "  model   run/quantize/model.tflite",
        "  archive run/small.kwspipe.zip",
        "Next",
        "  open    xdg-open run/report.html",
        *[line for line in lines if line.startswith("  listen") or "pip install" in line],
        "  deploy  python -m kwspipe +experiment=digits_3 stages=deploy board=brd2601",
        "  export  python -m kwspipe +experiment=digits_3 stages=export",
    ]


def test_without_a_desktop_the_report_is_a_path(
    config: PipelineConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands.shutil, "which", lambda _: None)
    evaluated(config)
    lines = printed(config, "evaluate")
    assert "  report  run/report.html" in lines and not any("xdg-open" in line for line in lines)


def test_poor_streams_name_measures(config: PipelineConfig) -> None:
    poor = STREAMING | {"false_accepts_per_hour": 19.4, "false_accepts_interval": [12.1, 29.4]}
    evaluated(config, streaming=poor | {"false_reject_rate": 0.178})
    text = "\n".join(printed(config, *ALL))
    assert "Poor: 19.4 false accepts per hour (more than 0.5) and 17.8 % of the keywords missed" in " ".join(
        text.split()
    )
    assert "  - the most accurate network: model=matchboxnet" in text


def test_a_device_that_differs_is_reported(config: PipelineConfig) -> None:
    evaluated(config, parity={"clips": 40, "equal": 38})
    text = " ".join(" ".join(printed(config, *ALL)).split())
    assert "The device's code differs from the reference kernels on 2 of 40 clips." in text


def test_without_evaluate_the_summary_is_short(config: PipelineConfig) -> None:
    run = Run(Path(config.run_dir))
    run.prepare()
    assert printed(config, "prepare") == [
        "Run directory: run (prepare)",
        "Next",
        "  finish  python -m kwspipe +experiment=digits_3",
    ]
    run.train()
    run.quantize()
    (run.dir / "quantize" / "model.tflite").write_text("")
    assert printed(config, "train", "quantize")[1:] == [
        "Next",
        "  measure python -m kwspipe +experiment=digits_3 stages=evaluate",
    ]
    (run.dir / "inspect").mkdir()
    (run.dir / "inspect" / "index.html").write_text("")
    assert printed(config, "inspect") == [
        "Run directory: run (inspect)",
        "Next",
        "  open    xdg-open run/inspect/index.html",
    ]


def test_a_failed_run_has_the_figures_of_a_complete_evaluation_only(
    config: PipelineConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluated(config)
    assert printed(config, *ALL, failed=True) == []  # the evaluation is not that of this configuration
    monkeypatch.setattr(printing, "stale_because", lambda *_: None)
    lines = printed(config, *ALL, failed=True)
    assert lines[lines.index("Files") :] == [
        "Files",
        "  report  run/report.html",
        "  model   run/quantize/model.tflite",
    ]
    assert printed(config, "prepare", "train", failed=True) == []


def test_a_job_of_a_sweep_has_one_line(config: PipelineConfig) -> None:
    run, stream = evaluated(config), io.StringIO()
    print_job_line(run.dir, ALL, Console(file=stream, width=80))
    print_job_line(run.dir, ("prepare", "train"), Console(file=stream, width=80))
    (line,) = stream.getvalue().splitlines()
    assert line.startswith(
        "run: keywords recognized 65.0 % (43 to 82 %), _unknown_ rejected 100.0 % (72 to 100 %), "
    )
