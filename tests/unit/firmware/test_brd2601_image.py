"""Files made from the linked firmware, and the upper bound of its stack depth."""

import importlib.util
import struct
import sys
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.paths import FIRMWARE

BOARD = FIRMWARE / "boards" / "brd2601"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"brd2601_{name}", BOARD / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


image = load("image")
stack = load("stack")


def read_s_records(text: str) -> tuple[dict[int, int], list[str]]:
    """Returns bytes by address, and the kinds of the records; checks counts and checksums."""
    content: dict[int, int] = {}
    for line in text.splitlines():
        record = bytes.fromhex(line[2:])
        assert record[0] == len(record) - 1
        assert sum(record) & 0xFF == 0xFF
        if line.startswith("S3"):
            address = int.from_bytes(record[1:5], "big")
            content |= dict(enumerate(record[5:-1], address))
    return content, [line[:2] for line in text.splitlines()]


@settings(max_examples=30, deadline=None)
@given(st.binary(min_size=1, max_size=300))
def test_s_records_hold_every_byte_at_its_address(data: bytes) -> None:
    content, kinds = read_s_records(image.s_records(data, "kwspipe"))
    assert bytes(content[0x08000000 + i] for i in range(len(data))) == data
    assert len(content) == len(data)
    assert kinds[0] == "S0" and kinds[-1] == "S7" and set(kinds[1:-1]) == {"S3"}


def test_gaps_between_parts_are_erased_flash() -> None:
    assert image.flat_image([(0x08000008, b"xy"), (0x08000000, b"ab")]) == b"ab" + b"\xff" * 6 + b"xy"


def encode_branch_with_link(source: int, target: int) -> bytes:
    """BL, encoding T1 (Armv8-M ARM, C2.4)."""
    offset = target - source - 4
    sign = offset >> 24 & 1
    j1, j2 = (~(offset >> 23 & 1) ^ sign) & 1, (~(offset >> 22 & 1) ^ sign) & 1
    first = 0xF000 | sign << 10 | offset >> 12 & 0x3FF
    second = 0xD000 | j1 << 13 | j2 << 11 | offset >> 1 & 0x7FF
    return struct.pack("<HH", first, second)


@settings(max_examples=200, deadline=None)
@given(st.integers(2 - 2**23, 2**23 - 1))
def test_branch_targets_are_decoded(half_words: int) -> None:
    target = 0x09000000 + 2 * half_words
    function = stack.Function("f", 0x09000000, encode_branch_with_link(0x09000000, target))
    assert list(stack.branch_targets(function)) == [target]


@pytest.mark.parametrize(
    ("code", "targets"),
    [
        (0x4798, [None]),  # BLX r3
        (0x4718, [None]),  # BX r3
        (0x4770, []),  # BX lr
        (0xE7FE, [0x1000]),  # B to itself
        (0xE002, [0x1008]),  # B forward
        (0x4608, []),  # MOV r0, r1
    ],
)
def test_narrow_branches_are_decoded(code: int, targets: list[int | None]) -> None:
    function = stack.Function("f", 0x1000, struct.pack("<H", code))
    assert list(stack.branch_targets(function)) == targets


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 12))
def test_constants_of_two_halves_are_decoded(value: int, register: int) -> None:
    code = b""
    for opcode, half in ((0xF240, value & 0xFFFF), (0xF2C0, value >> 16)):  # MOVW, MOVT
        first = opcode | half >> 12 | (half >> 11 & 1) << 10
        code += struct.pack("<HH", first, (half >> 8 & 7) << 12 | register << 8 | half & 0xFF)
    assert list(stack.loaded_constants(code)) == [value]


def make(name: str, frame_bytes: int, *calls: str) -> object:
    return stack.Function(name, 0, b"", frame_bytes, set(calls))


def test_the_deepest_path_counts() -> None:
    functions = {
        "main": make("main", 10, "left", "right"),
        "left": make("left", 100),
        "right": make("right", 20, "leaf"),
        "leaf": make("leaf", 90),
    }
    assert stack.deepest(functions, "main") == (120, ["main", "right", "leaf"])


def test_a_cycle_counts_with_all_its_members() -> None:
    functions = {
        "main": make("main", 10, "a"),
        "a": make("a", 20, "b"),
        "b": make("b", 30, "a", "leaf"),
        "leaf": make("leaf", 40),
    }
    assert stack.deepest(functions, "main") == (100, ["main", "{2 of a}", "leaf"])


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (b"\x2d\xe9\xf0\x4f\x93\xb0\x00\xbf", 36 + 76),  # push {r4-r11, lr}; sub sp, #76; nop
        (b"\x10\xb5\x00\xbf\x00\xbf", 8),  # push {r4, lr}
        (b"\x00\xbf\x10\xb5\x00\xbf", 0),  # nothing at the beginning
        (b"", 0),
    ],
)
def test_the_frame_of_an_assembly_function_follows_from_its_first_instructions(
    code: bytes, expected: int
) -> None:
    assert stack.pushed_bytes(code) == expected
