"""Files summary.txt and profile.csv of a compiled model."""

import csv
from pathlib import Path

from kwspipe.compiler.compile import ImageSummary, LayerSummary
from kwspipe.compiler.summary import write_profile, write_summary

SUMMARY = ImageSummary(
    254_517,
    36_000,
    (
        LayerSummary("CONV_2D+DEPTHWISE_CONV_2D", (0, 1), (15, 13, 48), 372_240),
        LayerSummary("SOFTMAX", (2,), (1, 1, 4), 0),
    ),
)


def test_summary_has_totals_and_one_line_per_layer(tmp_path: Path) -> None:
    write_summary(tmp_path / "summary.txt", "small", ("one", "_unknown_"), SUMMARY, (750_000, 250_000))
    assert (tmp_path / "summary.txt").read_text().splitlines() == [
        "model            small",
        "labels           one _unknown_",
        "image            254,517 bytes",
        "tensor arena     36,000 bytes",
        "one inference    372,240 multiply-accumulates in 2 layers",
        "                 1,000,000 instructions on the emulated board",
        "",
        "  #  output              MACs  instructions    share  operators",
        "  0  15x13x48         372,240       750,000   75.0 %  CONV_2D+DEPTHWISE_CONV_2D",
        "  1  1x1x4                  0       250,000   25.0 %  SOFTMAX",
    ]


def test_without_instructions_the_shares_are_those_of_the_multiply_accumulates(tmp_path: Path) -> None:
    write_summary(tmp_path / "summary.txt", "small", ("one",), SUMMARY, None)
    lines = (tmp_path / "summary.txt").read_text().splitlines()
    assert lines[-1] == "  1  1x1x4                  0                  0.0 %  SOFTMAX"
    assert not any("emulated" in line for line in lines)
    write_profile(tmp_path / "profile.csv", SUMMARY, None)
    with (tmp_path / "profile.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["instructions"], row["share"]) for row in rows] == [("", "1.0000"), ("", "0.0000")]
