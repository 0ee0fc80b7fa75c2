"""Log of a run: lines of the stages, levels of libraries, messages of native code, errors."""

import logging
from pathlib import Path

import pytest

from kwspipe.errors import KwspipeError
from kwspipe.pipeline import run_log
from kwspipe.terminal.lines import print_line

NATIVE_OUTPUT = """WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
I0000 00:00:1796138731.710762    6592 cpu_feature_guard.cc:227] This TensorFlow binary is optimized
To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow

INFO: Created TensorFlow Lite XNNPACK delegate for CPU.
E0000 00:00:1796138735.463061    6592 cuda_platform.cc:52] failed call to cuInit: INTERNAL
"""


def text_of(run_dir: Path) -> str:
    return (run_dir / run_log.LOG).read_text()


def test_lines_of_stages_and_warnings_of_libraries_are_logged(tmp_path: Path) -> None:
    with run_log.logged(tmp_path):
        print_line("converting to float and to int8")
        logging.getLogger("absl").info("Using new converter")
        logging.getLogger("absl").warning("deprecated")
    print_line("after the run")
    lines = text_of(tmp_path).splitlines()
    assert [line.split(" ", 2)[2] for line in lines] == [
        "INFO kwspipe: converting to float and to int8",
        "WARNING absl: deprecated",
    ]


@pytest.mark.parametrize(
    ("error", "texts"),
    [
        (KwspipeError("dataset.root", "null", "a folder", "set it"), ["ERROR kwspipe: dataset.root: null"]),
        (KeyboardInterrupt(), ["WARNING kwspipe: interrupted"]),
        (
            ValueError("unexpected"),
            ["ERROR kwspipe: unexpected error", "Traceback", "ValueError: unexpected"],
        ),
    ],
    ids=["user", "interrupt", "unexpected"],
)
def test_the_error_that_ends_a_run_is_logged(tmp_path: Path, error: BaseException, texts: list[str]) -> None:
    with pytest.raises(type(error)), run_log.logged(tmp_path):
        raise error
    assert all(text in text_of(tmp_path) for text in texts), text_of(tmp_path)


def test_messages_of_native_code_are_logged_without_status_lines(tmp_path: Path) -> None:
    (tmp_path / run_log.NATIVE).write_text(NATIVE_OUTPUT)
    with run_log.logged(tmp_path):
        run_log.append_native_messages(tmp_path)
        run_log.append_native_messages(tmp_path)  # without a file
    first, second = text_of(tmp_path).splitlines()
    assert first.endswith("WARNING kwspipe: messages of native libraries:")
    assert second == NATIVE_OUTPUT.splitlines()[-1]
    assert not (tmp_path / run_log.NATIVE).exists()
