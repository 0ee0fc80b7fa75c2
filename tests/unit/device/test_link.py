"""Client of the serial link with the link of the C core: requests, refusals, and a line that loses bytes."""

import random

import pytest
from kwspipe._core import ffi, lib

from kwspipe.core.status import Status
from kwspipe.device import frames, messages, request, transport, window
from kwspipe.device import link as link_module
from kwspipe.device.errors import LinkLostError, RefusedError, WrongBoardError
from kwspipe.device.link import Link
from kwspipe.device.messages import FeedKind, ImageId, Profile, PushState, Source, Target, Verb
from support.board_model import INPUT_BYTES, Board, LoopbackPort, VirtualTime, compute
from support.flash_model import FlashModel

IMAGE = b"KWSi" + random.Random(9).randbytes(9000)


@pytest.fixture
def time(monkeypatch) -> VirtualTime:
    virtual = VirtualTime()
    for module in (link_module, request, transport, window):
        monkeypatch.setattr(module, "time", virtual)
    return virtual


@pytest.fixture
def board() -> Board:
    return Board(FlashModel(2048, 8 * 2048, seed=1))


@pytest.fixture
def link(board, time) -> Link:
    return Link(LoopbackPort(board, time), "loopback")


def refusal(function, *arguments) -> Status:
    with pytest.raises(RefusedError) as caught:
        function(*arguments)
    return caught.value.status


def transfer(link: Link, image: bytes = IMAGE) -> ImageId:
    image_id = ImageId.of(image)
    link.send_image(image, link.begin(image_id), lambda done: None)
    link.end()
    return image_id


def test_hello_returns_board_and_limits(link):
    hello = link.hello()
    assert (hello.board, hello.firmware, hello.cycles_name) == ("model", "0.0-test", "cycles")
    assert (hello.max_image_bytes, hello.memory_bytes, hello.image_version) == (7 * 2048, 61440, 1)
    assert link.window.window_bytes == hello.window_bytes == 2048


def test_status_follows_a_push(link):
    assert link.status().active is None
    image_id = ImageId.of(IMAGE)
    link.begin(image_id)
    link.send_image(IMAGE[:1000], 0, lambda done: None)
    status = link.status()
    assert (status.push, status.num_received, status.incoming) == (PushState.RECEIVING, 1000, image_id)
    transfer(link)
    assert link.status().push is PushState.VERIFIED
    link.test(Target.CANDIDATE, bytes(INPUT_BYTES))
    link.confirm(image_id)
    status = link.status()
    assert (status.push, status.active, status.active_slot, status.active_sequence) == (0, image_id, 0, 1)
    assert (status.source, status.uptime_ms, status.num_inferences) == (Source.MICROPHONE, 99, 7)


def test_only_a_tested_image_can_be_confirmed(link, board):
    assert refusal(link.confirm, ImageId.of(IMAGE)) is Status.ERROR_STATE
    assert refusal(link.end) is Status.ERROR_STATE
    assert refusal(link.test, Target.CANDIDATE, bytes(INPUT_BYTES)) is Status.ERROR_STATE
    image_id = transfer(link)
    assert refusal(link.confirm, image_id) is Status.ERROR_STATE
    outputs = link.test(Target.CANDIDATE, golden := random.Random(1).randbytes(INPUT_BYTES))
    assert outputs == compute(IMAGE, golden)
    assert not board.is_spotting
    assert refusal(link.confirm, ImageId.of(b"another")) is Status.ERROR_STATE
    assert link.confirm(image_id) == 0
    assert board.is_spotting and board.active_image() == IMAGE
    assert link.confirm(image_id) == 0  # as after a lost response
    assert refusal(link.test, Target.CANDIDATE, bytes(INPUT_BYTES)) is Status.ERROR_STATE
    assert link.test(Target.ACTIVE, golden) == outputs


def test_a_test_of_the_active_image_does_not_count_for_the_candidate(link):
    first = transfer(link)
    link.test(Target.CANDIDATE, bytes(INPUT_BYTES))
    link.confirm(first)
    second = transfer(link, IMAGE + b"2")
    link.test(Target.ACTIVE, bytes(INPUT_BYTES))
    assert refusal(link.confirm, second) is Status.ERROR_STATE
    link.test(Target.CANDIDATE, bytes(INPUT_BYTES))
    assert link.confirm(second) == 1


def test_a_new_push_discards_a_partial_golden_input(link):
    """The rest of the input must not run a model that is being overwritten."""
    transfer(link)
    piece = messages.TEST_REQUEST.pack(Target.CANDIDATE, 0) + bytes(400)
    assert messages.TEST_RESPONSE.unpack(link.request(Verb.TEST, piece)) == (0, 400)
    link.begin(ImageId.of(IMAGE + b"2"))
    rest = messages.TEST_REQUEST.pack(Target.CANDIDATE, 400) + bytes(INPUT_BYTES - 400)
    assert messages.TEST_RESPONSE.unpack(link.request(Verb.TEST, rest)) == (0, 0)


def test_abort_keeps_the_old_image(link, board):
    transfer(link)
    link.test(Target.CANDIDATE, bytes(INPUT_BYTES))
    link.abort()
    assert board.is_spotting and board.active_image() is None
    assert refusal(link.confirm, ImageId.of(IMAGE)) is Status.ERROR_STATE
    assert link.begin(ImageId.of(IMAGE)) == len(IMAGE)


def test_a_golden_input_that_is_too_long_is_refused(link):
    transfer(link)
    assert refusal(link.test, Target.CANDIDATE, bytes(INPUT_BYTES + 1)) is Status.ERROR_SIZE


def test_an_image_that_is_too_large_is_refused(link):
    assert refusal(link.begin, ImageId.of(bytes(7 * 2048 + 1))) is Status.ERROR_SIZE


@pytest.mark.parametrize(
    ("verb", "payload", "status"),
    [
        (Verb.BEGIN, b"", Status.ERROR_ARGUMENT),
        (Verb.BEGIN, bytes(43), Status.ERROR_ARGUMENT),
        (Verb.BEGIN, bytes(44), Status.ERROR_SIZE),
        (Verb.DATA, bytes(4), Status.ERROR_ARGUMENT),
        (Verb.DATA, bytes(8), Status.ERROR_STATE),
        (Verb.TEST, bytes(8), Status.ERROR_ARGUMENT),
        (Verb.TEST, b"\x07" + bytes(9), Status.ERROR_ARGUMENT),
        (Verb.CONFIRM, bytes(31), Status.ERROR_ARGUMENT),
        (Verb.FEED, bytes(7), Status.ERROR_ARGUMENT),
        (Verb.FEED, bytes(10), Status.ERROR_STATE),
        (Verb.FEED, b"\x05\x01" + bytes(6), Status.ERROR_ARGUMENT),
        (Verb.FEED, b"\x00\x01" + bytes(7), Status.ERROR_ARGUMENT),
        (Verb.EVENTS, b"", Status.ERROR_ARGUMENT),
        (Verb.PROFILE, b"", Status.ERROR_ARGUMENT),
        (40, b"", Status.ERROR_UNSUPPORTED),
        (0, b"", Status.ERROR_UNSUPPORTED),
    ],
)
def test_invalid_requests_are_refused(link, verb, payload, status):
    assert refusal(link.request, Verb(verb) if verb in set(Verb) else _Unknown(verb), payload) is status


class _Unknown(int):
    name = "UNKNOWN"


def test_a_long_profile_is_read_in_parts(link):
    assert link.profile() == Profile(123456, tuple(1000 + index for index in range(300)))


def test_reset_is_accepted(link):
    link.reset()


@pytest.mark.parametrize("byte_error_rate", [0, 1e-3, 5e-3])
def test_a_feed_and_its_detections_arrive_once_and_in_order(board, time, byte_error_rate):
    link = Link(LoopbackPort(board, time, byte_error_rate, seed=3), "loopback")
    link.hello()
    board.detect(5, b"from before")
    stream = random.Random(4).randbytes(30_000)
    link.start_feed(FeedKind.AUDIO)
    with link.collect_events() as events:
        link.feed(FeedKind.AUDIO, stream, 2, lambda done: None)
        link.stop_feed()
    assert board.fed_bytes == stream
    assert [(event.label, event.time_ms) for event in events] == [(f"word{i}", i) for i in range(30)]
    assert [event.index for event in events] == list(range(1, 31))
    assert (events[0].label_index, events[0].score) == (2, 201)


def test_lost_detections_are_fetched(link, board):
    board.detect(1, b"one")
    board.link.num_events_sent = 1  # as if the frame had been lost
    board.detect(2, "zw\u00f6lf".encode())
    link.num_events = 0
    with link.collect_events() as events:
        link.status()
        assert events == []
        link.fetch_events()
    assert [event.label for event in events] == ["one", "zwölf"]


def test_only_the_last_detections_can_be_fetched(link, board):
    for number in range(20):
        board.detect(number, b"word")
    link.num_events = 0
    with link.collect_events() as events:
        link.fetch_events()
        link.fetch_events()
    assert [event.index for event in events] == list(range(4, 20))


def test_a_repeated_request_is_executed_once(board):
    feed = frames.encode(frames.Frame(Verb.FEED, 1, b"\0\1" + bytes(6)))
    piece = frames.encode(frames.Frame(Verb.FEED, 2, bytes(8) + b"abcd"))
    board.exchange(feed)
    first = board.exchange(piece)
    assert board.exchange(piece) == first
    assert board.fed_bytes == b"abcd"
    board.exchange(feed)
    assert board.fed_bytes == b""


def test_a_busy_link_accepts_no_further_request(board):
    request = frames.encode(frames.Frame(Verb.STATUS, 1, b""))
    assert lib.kws_link_receive(board.link, request * 3, 3 * len(request)) == len(request)
    pending = ffi.new("uint8_t **")
    size = lib.kws_link_pending(board.link, pending)
    lib.kws_link_sent(board.link, size - 1)
    assert lib.kws_link_receive(board.link, request, len(request)) == 0
    board.detect(1, b"waits")
    assert lib.kws_link_pending(board.link, pending) == 1
    lib.kws_link_sent(board.link, 1)
    assert lib.kws_link_pending(board.link, pending) == len(frames.encode(frames.Frame(64, 0, bytes(36))))


def test_a_port_without_responses_is_a_lost_link(board, time):
    link = Link(LoopbackPort(board, time, lose_after=0), "port-7")
    started_s = time.now_s
    with pytest.raises(LinkLostError, match=r"port-7: no answer to HELLO after 7 tries.*cable.*push resumes"):
        link.hello()
    assert 5 < time.now_s - started_s < 30
    assert link.transport.num_timeouts == 7


def test_another_protocol_version_is_an_error(board, time):
    class Other(LoopbackPort):
        def write(self, data):
            (request,) = frames.FrameReader().feed(data)
            self._received += frames.encode(frames.Frame(request.verb | 128, request.sequence, b"\0\x09"))

    with pytest.raises(WrongBoardError, match=r"has version 9 of the protocol.*version 1.*flash"):
        Link(Other(board, time), "loopback").hello()


def test_a_port_that_fails_is_a_lost_link(board, time):
    class Unplugged(LoopbackPort):
        def write(self, data):
            raise OSError(5, "Input/output error")

    with pytest.raises(LinkLostError, match=r"the port failed while sending.*Input/output"):
        Link(Unplugged(board, time), "loopback").hello()
