"""Update of the firmware of a connected board, without a board."""

from pathlib import Path

import pytest
from rich.console import Console

from kwspipe.device import boards
from kwspipe.device.errors import LinkLostError, WrongBoardError
from kwspipe.device.firmware import Firmware
from kwspipe.device.messages import Hello

QUIET = Console(quiet=True)


def built(folder: Path) -> Firmware:
    return Firmware(folder / "kwspipe.elf", "0.1.0-new")


class FakeLink:
    """Link whose responses to HELLO are given in advance."""

    def __init__(self, answers: list) -> None:
        self.answers = answers

    def __enter__(self) -> "FakeLink":
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def hello(self) -> Hello:
        answer = self.answers.pop(0)
        if answer is None:
            raise LinkLostError("port", "no answer")
        return Hello(1, 1, 2048, 1, 1, *answer, "cycles")


def update(folder: Path, answers: list) -> list[str]:
    flashed: list[str] = []
    boards.update_firmware(
        "port-1",
        "brd2601",
        built(folder),
        QUIET,
        lambda _f, received, _n: flashed.append(received),
        lambda _: FakeLink(answers),
    )
    assert answers == []
    return flashed


def test_equal_firmware_is_not_flashed(tmp_path):
    assert update(tmp_path, [("brd2601", "0.1.0-new")]) == []


@pytest.mark.parametrize(
    ("before", "received"),
    [(("brd2601", "0.1.0-old"), "it has version 0.1.0-old"), (None, "no firmware of kwspipe answers")],
)
def test_other_or_missing_firmware_is_replaced_and_checked(tmp_path, before, received):
    assert update(tmp_path, [before, ("brd2601", "0.1.0-new")]) == [received]


def test_another_board_is_not_flashed(tmp_path):
    with pytest.raises(
        WrongBoardError, match=r"port-1: the board at this port is 'host'.*a brd2601.*board=host"
    ):
        update(tmp_path, [("host", "0.1.0-new")])


@pytest.mark.parametrize(
    ("after", "match"),
    [
        (None, "flashing succeeded, but nothing answers"),
        (("brd2601", "0.1.0-old"), "still reports 0.1.0-old"),
    ],
)
def test_flashing_without_effect_is_an_error(tmp_path, after, match):
    with pytest.raises(WrongBoardError, match=match):
        update(tmp_path, [("brd2601", "0.1.0-old"), after])
