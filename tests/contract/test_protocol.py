"""Consistency of the protocol specification, the headers of the C core and the Python client."""

import re

import pytest
from kwspipe._core import ffi, lib

from kwspipe.core.status import Status
from kwspipe.device import frames, messages
from kwspipe.device.messages import BoardStatus, Event, Hello, ImageId, Verb
from support.paths import REPOSITORY

TEXT = (REPOSITORY / "docs" / "specifications" / "protocol.md").read_text()
LETTERS = {"u8": "B", "i8": "b", "u16": "H", "u32": "I"}
SIZES = {"u8": 1, "i8": 1, "u16": 2, "u32": 4}
LAYOUTS = {
    "Image identity": ImageId.LAYOUT,
    "HELLO response": Hello.LAYOUT,
    "STATUS response": BoardStatus.LAYOUT,
    "BEGIN request": messages.BEGIN_REQUEST,
    "BEGIN response": messages.BEGIN_RESPONSE,
    "DATA request": messages.DATA_REQUEST,
    "DATA response": messages.DATA_RESPONSE,
    "END response": messages.END_RESPONSE,
    "TEST request": messages.TEST_REQUEST,
    "TEST response": messages.TEST_RESPONSE,
    "CONFIRM request": messages.CONFIRM_REQUEST,
    "CONFIRM response": messages.CONFIRM_RESPONSE,
    "ABORT response": messages.ABORT_RESPONSE,
    "FEED request": messages.FEED_REQUEST,
    "FEED response": messages.FEED_RESPONSE,
    "EVENTS request": messages.EVENTS_REQUEST,
    "EVENTS response": messages.EVENTS_RESPONSE,
    "EVENT": Event.LAYOUT,
    "PROFILE request": messages.PROFILE_REQUEST,
    "PROFILE response": messages.PROFILE_RESPONSE,
    "RESET response": messages.RESET_RESPONSE,
}


def table(heading: str) -> list[list[str]]:
    """Returns the rows of the first table below a heading or a line that begins with the given text."""
    section = re.split(rf"^#* *{re.escape(heading)}(?!\w).*$", TEXT, maxsplit=1, flags=re.MULTILINE)[1]
    rows = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def enum_of_core(prefix: str) -> dict[str, int]:
    return {name[len(prefix) :]: getattr(lib, name) for name in dir(lib) if name.startswith(prefix)}


def test_verbs_agree():
    specified = {name: int(code) for code, name, _ in table("Verbs")}
    assert specified == {verb.name: verb.value for verb in Verb}
    in_core = enum_of_core("KWS_VERB_")
    assert in_core.pop("RESPONSE") == messages.RESPONSE == 128
    assert specified == in_core


def test_status_codes_agree():
    specified = {name: int(code) for code, name, _ in table("Status")}
    assert specified == {status.name: status.value for status in Status}
    in_core = {"OK": lib.KWS_OK} | {
        f"ERROR_{name}": code for name, code in enum_of_core("KWS_ERROR_").items()
    }
    assert specified == in_core


@pytest.mark.parametrize("heading", ["Sizes and limits", "Slots"])
def test_limits_agree(heading):
    for name, value, _ in table(heading):
        assert getattr(lib, name) == int(value), name


def test_client_and_core_have_equal_limits():
    assert lib.KWS_LINK_PROTOCOL == messages.PROTOCOL_VERSION
    assert lib.KWS_FRAME_MAX_PAYLOAD == frames.MAX_PAYLOAD_BYTES
    assert messages.MAX_DATA_BYTES + messages.TEST_REQUEST.size <= frames.MAX_PAYLOAD_BYTES
    assert Event.LAYOUT.size == lib.KWS_LINK_EVENT_BYTES
    assert lib.KWS_BEGIN_RESTART == messages.BEGIN_RESTART
    assert (lib.KWS_FEED_START, lib.KWS_FEED_STOP) == (messages.FEED_START, messages.FEED_STOP)
    for prefix, members in (
        ("KWS_TARGET_", messages.Target),
        ("KWS_FEED_", messages.FeedKind),
        ("KWS_PUSH_", messages.PushState),
        ("KWS_SOURCE_", messages.Source),
    ):
        for member in members:
            assert getattr(lib, prefix + member.name) == member.value


def test_every_verb_is_described():
    described = {heading.split()[0] for heading in LAYOUTS} - {"Image"}
    assert described == {verb.name for verb in Verb}
    assert set(LAYOUTS) | {"HELLO request"} == set(re.findall(r"^### (.*)$", TEXT, re.MULTILINE))


@pytest.mark.parametrize("heading", LAYOUTS)
def test_messages_have_the_specified_layout(heading):
    letters, offset = "<", 0
    for at, kind, field in table(heading):
        assert int(at) == offset, field
        counted = re.fullmatch(r"(bytes|text|id|zeros)\[(?:0\.\.|1\.\.)?(\d+)\]", kind)
        if counted and ".." in kind:
            continue  # the data after the fixed fields; it must be the last row
        size = int(counted[2]) if counted else SIZES[kind]
        if field.startswith("status") or (counted and counted[1] == "zeros"):
            letters += "x" * size
        else:
            letters += f"{size}s" if counted else LETTERS[kind]
        offset += size
    assert LAYOUTS[heading].format == letters
    assert LAYOUTS[heading].size == offset


def test_buffers_hold_the_largest_frames():
    out = ffi.new("uint8_t[]", lib.KWS_FRAME_MAX_ENCODED)
    payload = b"\x01" * lib.KWS_LINK_MAX_RESPONSE
    assert lib.kws_frame_encode(1, 1, payload, len(payload), out, lib.KWS_LINK_MAX_ENCODED) > 0
    event = b"\x01" * lib.KWS_LINK_EVENT_BYTES
    assert lib.kws_frame_encode(64, 1, event, len(event), out, lib.KWS_LINK_EVENT_ENCODED) > 0
    link = ffi.new("kws_link_t *")
    assert len(link.response) == lib.KWS_LINK_MAX_ENCODED
    assert len(link.event) == lib.KWS_LINK_EVENT_ENCODED
    assert len(link.events) == lib.KWS_LINK_NUM_EVENTS
    assert len(link.decoder.body) == lib.KWS_FRAME_MAX_BODY
    assert len(link.events[0].label) == lib.KWS_LINK_LABEL_BYTES
