"""Push over a link that fails, to a board that loses power: the board has a complete image at any time."""

import pickle
import random

import numpy as np
import pytest

from kwspipe.core.status import Status
from kwspipe.device import link as link_module
from kwspipe.device import push as push_module
from kwspipe.device import request, transport, window
from kwspipe.device.errors import LinkLostError, RefusedError
from kwspipe.device.golden import GoldenVectors, SelfTestError
from kwspipe.device.link import Link
from kwspipe.device.messages import Verb
from kwspipe.device.push import DoesNotFitError, ImageRefusedError, PushCallbacks, push
from support.board_model import ARENA_BYTES, INPUT_BYTES, Board, LoopbackPort, VirtualTime, compute
from support.flash_model import FlashModel

OLD = b"KWSi" + random.Random(1).randbytes(9_000)
NEW = b"KWSi" + random.Random(2).randbytes(11_003)


def golden_of(image: bytes, vectors: int = 3) -> GoldenVectors:
    inputs = np.random.default_rng(5).integers(-128, 128, (vectors, INPUT_BYTES)).astype(np.int8)
    outputs = [np.frombuffer(compute(image, row.tobytes()), np.int8) for row in inputs]
    return GoldenVectors(inputs, np.stack(outputs))


@pytest.fixture
def time(monkeypatch) -> VirtualTime:
    virtual = VirtualTime()
    for module in (link_module, request, transport, window, push_module):
        monkeypatch.setattr(module, "time", virtual)
    return virtual


@pytest.fixture
def board() -> Board:
    return Board(FlashModel(2048, 8 * 2048, seed=1))


class Bench:
    """Pushes to a board over ports that fail as specified.

    Attributes:
        lines: arguments of the ports of the first connections. Later ports do not fail.
        on_loss: functions to call, one at each loss of the link.
    """

    def __init__(self, board: Board, time: VirtualTime) -> None:
        self.board, self.time = board, time
        self.lines: list[dict] = []
        self.on_loss: list = []
        self.sent: list[int] = []

    def connect(self) -> Link:
        line = self.lines.pop(0) if self.lines else {}
        return Link(LoopbackPort(self.board, self.time, **line), "loopback")

    def on_resume(self, _error, _pause_s) -> None:
        assert self.board.active_image() in (None, OLD, NEW)
        if self.on_loss:
            self.on_loss.pop(0)()

    def push(self, image: bytes, golden: GoldenVectors | None = None, memory_bytes: int = 1000):
        callbacks = PushCallbacks(
            on_sent=lambda done, total: self.sent.append(done), on_resume=self.on_resume
        )
        return push(self.connect, image, memory_bytes, golden or golden_of(image), callbacks, self.time.sleep)


@pytest.fixture
def bench(board, time) -> Bench:
    return Bench(board, time)


def test_after_a_push_the_new_image_is_tested_and_active(bench, board):
    report = bench.push(NEW)
    assert board.active_image() == NEW and board.is_spotting
    assert (report.num_vectors, report.num_resumes) == (3, 0)
    assert (report.was_active, report.resumed_from) == (False, 0)
    assert bench.sent[0] == 0 and bench.sent[-1] == len(NEW) and bench.sent == sorted(bench.sent)
    assert len(NEW) < report.sent_bytes < 1.3 * len(NEW) + 4 * INPUT_BYTES
    assert board.flash.faults == []


def test_an_image_that_is_active_already_is_tested_and_not_sent(bench, board):
    bench.push(OLD)
    report = bench.push(OLD)
    assert report.was_active and report.num_vectors == 3
    assert report.sent_bytes < 3 * INPUT_BYTES * 1.2
    assert board.is_spotting


def test_a_push_uses_the_full_speed_of_the_line(bench, time):
    bench.push(OLD, golden_of(OLD, 1))
    started_s = time.now_s
    report = bench.push(NEW)
    assert time.now_s - started_s < 1.02 * report.sent_bytes * 10 / 115200


@pytest.mark.parametrize("golden_input", [0, 2])
def test_a_differing_bit_keeps_the_old_image(bench, board, golden_input):
    bench.push(OLD)
    golden = golden_of(NEW)
    golden.outputs[golden_input, 4] ^= 1
    with pytest.raises(
        SelfTestError, match=rf"golden input {golden_input} of 3: the board computed .* exactly"
    ):
        bench.push(NEW, golden)
    assert board.active_image() == OLD and board.is_spotting
    board.start()
    assert board.active_image() == OLD


@pytest.mark.parametrize(
    ("image", "memory_bytes", "match"),
    [
        (
            b"KWSi" + bytes(7 * 2048),
            100,
            "flash of a slot: 14,340 of 14,336 bytes, 4 too many; memory .arena, features, front end.: 100 of",
        ),
        (NEW, ARENA_BYTES + 5, r"61,445 of 61,440 bytes, 5 too many.*nothing was sent"),
    ],
)
def test_an_image_that_does_not_fit_is_not_sent(bench, board, image, memory_bytes, match):
    before = board.flash.num_operations
    with pytest.raises(DoesNotFitError, match=match):
        bench.push(image, golden_of(NEW), memory_bytes)
    assert board.flash.num_operations == before


def test_an_image_that_the_firmware_cannot_run_is_refused(bench, board):
    bench.push(OLD)
    with pytest.raises(
        ImageRefusedError, match=r"received the complete image and cannot run it \(ERROR_FORMAT\)"
    ):
        bench.push(b"else" + NEW[4:], golden_of(NEW))
    assert board.active_image() == OLD


def test_a_damaged_partial_transfer_is_repeated_from_the_start(bench, board):
    bench.push(OLD)
    link = Link(LoopbackPort(board, bench.time), "loopback")
    image_id = link_module.ImageId.of(NEW)
    link.begin(image_id)
    wrong = bytearray(NEW)
    wrong[700] ^= 1
    link.send_image(bytes(wrong), 0, lambda done: None)
    report = bench.push(NEW)
    assert report.resumed_from == 0
    assert board.active_image() == NEW


@pytest.mark.parametrize("restarts", [False, True], ids=["lost link", "restart"])
def test_a_push_resumes_after_a_loss_at_any_percentage(bench, board, restarts):
    bench.push(OLD)
    saved = board.flash.save()
    total = bench.push(NEW).sent_bytes
    for percent in range(100):
        board.flash.restore(saved)
        board.start()
        bench.lines = [{"lose_after": total * percent // 100}]
        bench.on_loss = [board.start] if restarts else []
        report = bench.push(NEW)
        assert report.num_resumes == 1
        assert board.active_image() == NEW and board.is_spotting
        # After a lost link the data in flight are sent again, and after a restart also the incomplete page.
        repeated = 2048 + 3 * INPUT_BYTES + (2048 if restarts else 0)
        assert report.sent_bytes < 1.1 * (total + repeated)
        board.start()
        assert board.active_image() == NEW
    assert board.flash.faults == []


def test_the_number_of_resumes_is_limited(bench, board):
    bench.lines = [{"lose_after": 3000}] * push_module.MAX_RESUMES
    bench.push(NEW)
    assert board.active_image() == NEW
    bench.lines = [{"lose_after": 300}] * (push_module.MAX_RESUMES + 1)
    with pytest.raises(LinkLostError, match=r"no answer to .*an interrupted push resumes"):
        bench.push(OLD)
    assert board.active_image() == NEW


def test_a_push_resumes_after_a_power_failure_at_any_flash_operation(bench, board):
    bench.push(OLD)
    saved = board.flash.save()
    board.flash.restore(saved)
    bench.push(NEW)
    total = board.flash.num_operations
    # A sample of the data words is sufficient. The test of the slots covers each of them.
    for cut in sorted({*range(40), *range(0, total, 37), *range(total - 40, total)}):
        board.flash.restore(saved)
        board.start()
        board.flash.cut_at = cut
        bench.on_loss = [board.start]
        report = bench.push(NEW)
        assert board.num_starts and report.num_resumes == 1 and board.active_image() == NEW
        board.start()
        assert board.active_image() == NEW
    assert board.flash.faults == []


@pytest.mark.parametrize("where", ["in DATA", "before END", "in TEST", "before CONFIRM"])
def test_a_push_resumes_after_a_restart_without_a_lost_link(bench, board, monkeypatch, where):
    bench.push(OLD)
    starts = iter([board.start])

    def start_once(*_arguments) -> None:
        next(starts, lambda: None)()

    if where == "in DATA":
        progress = PushCallbacks(on_sent=lambda done, _: start_once() if done > 5000 else None)
        push(bench.connect, NEW, 1000, golden_of(NEW), progress, bench.time.sleep)
    else:
        name = {"before END": "end", "in TEST": "test", "before CONFIRM": "confirm"}[where]
        real = getattr(Link, name)
        monkeypatch.setattr(Link, name, lambda *arguments: (start_once(), real(*arguments))[1])
        bench.push(NEW)
    assert next(starts, None) is None
    assert board.active_image() == NEW
    assert board.flash.faults == []


@pytest.mark.parametrize("byte_error_rate", [1e-4, 1e-3])
@pytest.mark.parametrize("seed", range(3))
def test_a_push_succeeds_in_spite_of_byte_errors(time, byte_error_rate, seed):
    board = Board(FlashModel(8192, 16 * 8192, seed=1))
    image = b"KWSi" + random.Random(3).randbytes(100_000)
    bench = Bench(board, time)
    bench.lines = [{"byte_error_rate": byte_error_rate, "seed": seed}] * 3
    started_s = time.now_s
    report = bench.push(image)
    assert board.active_image() == image
    assert report.num_resumes == 0
    assert board.link.decoder.num_bad > 0
    best_s = len(image) * 10 / 115200
    assert time.now_s - started_s < best_s * (1.5 if byte_error_rate < 5e-4 else 4)


def test_errors_can_be_pickled():
    for error in (LinkLostError("port", "no answer"), RefusedError("port", Verb.END, Status.ERROR_STATE)):
        copy = pickle.loads(pickle.dumps(error))
        assert (type(copy), str(copy)) == (type(error), str(error))
