"""Model of the flash controller: erase, write, counters and power loss."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwspipe.device.emulator import flash
from kwspipe.device.emulator.flash import BASE, PAGE_BYTES, SIZE, Flash, PowerLossError, open_flash_file
from kwspipe.device.emulator.peripheral import HardFaultError
from kwspipe.device.emulator.timebase import Clock
from kwspipe.errors import KwspipeError

SLOTS = 0x10000


def make_flash(seed: int = 0) -> Flash:
    controller = Flash(bytearray(b"\xff" * SIZE), Clock(paced=False), seed)
    controller.bus_write(flash.LOCK, flash.UNLOCK_KEY)
    controller.bus_write(flash.WRITECTRL, flash.WREN)
    return controller


def write(controller: Flash, offset: int, words: list[int]) -> None:
    controller.bus_write(flash.ADDRB, BASE + offset)
    for word in words:
        controller.bus_write(flash.WDATA, word)
    controller.bus_write(flash.WRITECMD, flash.WRITEEND)


def erase(controller: Flash, offset: int) -> None:
    controller.bus_write(flash.ADDRB, BASE + offset)
    controller.bus_write(flash.WRITECMD, flash.ERASEPAGE)


def word_at(controller: Flash, offset: int) -> int:
    return int.from_bytes(controller.memory[offset : offset + 4], "little")


def test_writing_only_clears_bits() -> None:
    controller = make_flash()
    write(controller, SLOTS, [0x0F0F0F0F])
    write(controller, SLOTS, [0x00FF00FF])
    assert word_at(controller, SLOTS) == 0x000F000F
    assert controller.statistics()["overprogrammed_words"] == 1


def test_an_erase_sets_one_page_and_no_other() -> None:
    controller = make_flash()
    for offset in (SLOTS - 4, SLOTS, SLOTS + PAGE_BYTES - 4, SLOTS + PAGE_BYTES):
        write(controller, offset, [0])
    erase(controller, SLOTS + 100)
    assert [word_at(controller, o) for o in (SLOTS, SLOTS + PAGE_BYTES - 4)] == [0xFFFFFFFF] * 2
    assert [word_at(controller, o) for o in (SLOTS - 4, SLOTS + PAGE_BYTES)] == [0, 0]


def test_a_burst_counts_as_one_operation_and_its_words_one_by_one() -> None:
    controller = make_flash()
    write(controller, SLOTS, [1, 2, 3])
    erase(controller, SLOTS)
    counts = controller.statistics()
    assert (counts["operations"], counts["words"], counts["erases"]) == (2, 3, 1)
    assert controller.busy_us == flash.ERASE_US + 3 * flash.WRITE_WORD_US


def test_a_locked_controller_keeps_its_content() -> None:
    controller = make_flash()
    controller.bus_write(flash.LOCK, 0)
    erase(controller, SLOTS)
    write(controller, SLOTS, [0])
    assert word_at(controller, SLOTS) == 0xFFFFFFFF
    assert controller.bus_read(flash.STATUS) & flash.REGLOCK


def test_writing_without_enable_is_an_error_of_the_firmware() -> None:
    controller = make_flash()
    controller.bus_write(flash.WRITECTRL + 0x2000, flash.WREN)  # clears the bit
    with pytest.raises(HardFaultError, match=r"without WRITECTRL\.WREN"):
        erase(controller, SLOTS)


def test_an_address_outside_flash_sets_a_status_bit_and_is_refused() -> None:
    controller = make_flash()
    controller.bus_write(flash.ADDRB, BASE + SIZE)
    assert controller.bus_read(flash.STATUS) & flash.INVADDR
    with pytest.raises(HardFaultError, match="not in flash"):
        controller.bus_write(flash.WDATA, 0)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=40))
def test_an_interrupted_burst_is_a_prefix_and_one_partial_word(seed: int, words: list[int]) -> None:
    controller = make_flash(seed)
    controller.power_loss_at = 1
    with pytest.raises(PowerLossError):
        write(controller, SLOTS, words)
    found = [word_at(controller, SLOTS + 4 * i) for i in range(len(words))]
    cut = next((i for i, (a, b) in enumerate(zip(found, words, strict=True)) if a != b), len(words) - 1)
    assert found[:cut] == words[:cut]
    assert found[cut] & words[cut] == words[cut], "a bit was cleared that should remain set"
    assert found[cut + 1 :] == [0xFFFFFFFF] * (len(words) - cut - 1)


def test_an_interrupted_erase_keeps_some_old_bits() -> None:
    controller = make_flash()
    random.seed(1)
    old = random.randbytes(PAGE_BYTES)
    controller.memory[SLOTS : SLOTS + PAGE_BYTES] = old
    controller.power_loss_at = 1
    with pytest.raises(PowerLossError):
        erase(controller, SLOTS)
    new = bytes(controller.memory[SLOTS : SLOTS + PAGE_BYTES])
    assert old != new != b"\xff" * PAGE_BYTES
    assert all(a & b == a for a, b in zip(old, new, strict=True)), "an erase never clears a bit"


def test_equal_seeds_give_equal_interrupted_operations() -> None:
    contents = []
    for _ in range(2):
        controller = make_flash(seed=7)
        controller.power_loss_at = 1
        with pytest.raises(PowerLossError):
            write(controller, SLOTS, list(range(50)))
        contents.append(bytes(controller.memory[SLOTS : SLOTS + 200]))
    assert contents[0] == contents[1]


def test_the_flash_file_contains_the_written_data(tmp_path: Path) -> None:
    memory = open_flash_file(tmp_path / "new" / "flash.bin")
    memory[100] = 0x42
    assert (tmp_path / "new" / "flash.bin").read_bytes()[99:102] == b"\xff\x42\xff"


def test_a_file_of_another_size_is_refused(tmp_path: Path) -> None:
    (tmp_path / "flash.bin").write_bytes(b"short")
    with pytest.raises(KwspipeError, match=r"5 bytes. Allowed: 1,572,864 bytes.*delete the file"):
        open_flash_file(tmp_path / "flash.bin")
