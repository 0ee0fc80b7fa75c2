"""Flash memory and its controller (MSC): erase before write, durations, power loss during an operation."""

import mmap
import random
from pathlib import Path

from kwspipe.device.emulator.peripheral import HardFaultError, Peripheral
from kwspipe.device.emulator.timebase import Clock
from kwspipe.errors import KwspipeError

BASE = 0x08000000
SIZE = 0x180000
PAGE_BYTES = 8192
# Typical values of the data sheets of the chip family. They affect only the duration of a paced run.
ERASE_US = 13_000
WRITE_WORD_US = 11

READCTRL, RDATACTRL, WRITECTRL, WRITECMD, ADDRB = 0x04, 0x08, 0x0C, 0x10, 0x14
WDATA, STATUS, IF, IEN, LOCK = 0x18, 0x1C, 0x20, 0x24, 0x3C
WREN, ERASEPAGE, WRITEEND = 1 << 0, 1 << 1, 1 << 2
BUSY, LOCKED, INVADDR, WDATAREADY, REGLOCK = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 16
PWRON, WREADY = 1 << 24, 1 << 27
UNLOCK_KEY = 7025


class PowerLossError(Exception):
    """The scheduled power loss during a flash operation."""


def open_flash_file(path: Path) -> mmap.mmap:
    """Maps the file of the flash memory. A new file is erased flash.

    The mapping is shared, so that the file contains all changes however this process ends.

    Raises:
        KwspipeError: if the size of the file differs from the size of the chip's flash.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\xff" * SIZE)
    if path.stat().st_size != SIZE:
        raise KwspipeError(
            str(path), f"{path.stat().st_size:,} bytes", f"{SIZE:,} bytes, the size of the chip's flash",
            "delete the file to start from erased flash, or use another file",
        )  # fmt: skip
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), SIZE)


class Flash(Peripheral):
    """The flash controller with its memory.

    An operation is an erase, or a burst of words from the first word to WRITEEND. Operations are counted from 1, and a
    power loss can be scheduled for one of them. In an interrupted erase, some bits keep their old value. An interrupted
    burst stops at a random word, which is programmed partially.

    Args:
        memory: the flash content, SIZE bytes.
        clock: the time, which operations advance.
        seed: seed of the content after an interrupted operation.

    Attributes:
        power_loss_at: operation at which the power fails, None for never.
        num_operations: number of operations.
        num_erases: number of erased pages.
        num_words: number of programmed words.
        num_overprogrammed_words: number of words that were programmed without an erase before.
        busy_us: duration of all operations.
    """

    def __init__(self, memory: mmap.mmap | bytearray, clock: Clock, seed: int = 0) -> None:
        registers = (READCTRL, RDATACTRL, WRITECTRL, WRITECMD, ADDRB, WDATA, STATUS, IF, IEN, LOCK)
        super().__init__("MSC", dict.fromkeys(registers, 0) | {READCTRL: 2 << 20})
        self.memory = memory
        self._clock = clock
        self._random = random.Random(seed)
        self.power_loss_at: int | None = None
        self.num_operations = 0
        self.num_erases = 0
        self.num_words = 0
        self.num_overprogrammed_words = 0
        self.busy_us = 0
        self._burst: list[tuple[int, int]] = []

    def _reset(self) -> None:
        self._burst = []

    def program_firmware(self, address: int, content: bytes) -> None:
        """Writes firmware into the memory, as a debugger does."""
        self.memory[address - BASE : address - BASE + len(content)] = content

    def statistics(self) -> dict[str, int]:
        """Returns the counters since the start of the process. The busy time is that of the modelled flash."""
        return {
            "operations": self.num_operations,
            "erases": self.num_erases,
            "words": self.num_words,
            "overprogrammed_words": self.num_overprogrammed_words,
            "busy_ms": self.busy_us // 1000,
        }

    def _read(self, offset: int) -> int:
        if offset != STATUS:
            return super()._read(offset)
        status = PWRON | WREADY | WDATAREADY
        if self.values[LOCK] != UNLOCK_KEY:
            status |= REGLOCK
        if not BASE <= self.values[ADDRB] < BASE + SIZE:
            status |= INVADDR
        return status

    def _write(self, offset: int, value: int) -> None:
        if offset != LOCK and self.values[LOCK] != UNLOCK_KEY:
            return  # a locked register keeps its value, as on the chip
        super()._write(offset, value)
        if offset == WRITECMD and value & ERASEPAGE:
            self._erase()
        elif offset == WRITECMD and value & WRITEEND:
            self._end_burst()
        elif offset == WDATA:
            self._collect_word(value)

    def _check_writable(self) -> None:
        if not self.values[WRITECTRL] & WREN:
            raise HardFaultError("MSC: a write or erase without WRITECTRL.WREN")
        if not BASE <= self.values[ADDRB] < BASE + SIZE or self.values[ADDRB] % 4:
            raise HardFaultError(
                f"MSC: a write or erase at {self.values[ADDRB]:#010x}, which is not in flash"
            )

    def _count_operation(self) -> bool:
        self.num_operations += 1
        return self.num_operations == self.power_loss_at

    def _advance(self, duration_us: int) -> None:
        self.busy_us += duration_us
        self._clock.advance(duration_us)

    def _erase(self) -> None:
        self._check_writable()
        start = (self.values[ADDRB] - BASE) // PAGE_BYTES * PAGE_BYTES
        page = slice(start, start + PAGE_BYTES)
        if self._count_operation():
            partial = int.from_bytes(self.memory[page], "little") | self._random.getrandbits(PAGE_BYTES * 8)
            self.memory[page] = partial.to_bytes(PAGE_BYTES, "little")
            raise PowerLossError
        self.memory[page] = b"\xff" * PAGE_BYTES
        self.num_erases += 1
        self._advance(ERASE_US)

    def _collect_word(self, value: int) -> None:
        self._check_writable()
        address = self.values[ADDRB]
        self._burst.append((address - BASE, value))
        self.values[ADDRB] = address + 4
        if self.values[ADDRB] % PAGE_BYTES == 0:
            self.values[ADDRB] -= PAGE_BYTES  # the address counter wraps within the page

    def _end_burst(self) -> None:
        burst, self._burst = self._burst, []
        if not burst:
            return
        cut = self._random.randrange(len(burst)) if self._count_operation() else None
        for i, (offset, value) in enumerate(burst):
            word = slice(offset, offset + 4)
            old = int.from_bytes(self.memory[word], "little")
            if i == cut:
                # A random part of the bits to program is already 0.
                partial = old & (value | self._random.getrandbits(32))
                self.memory[word] = partial.to_bytes(4, "little")
                raise PowerLossError
            self.num_overprogrammed_words += old != 0xFFFFFFFF
            self.memory[word] = (old & value).to_bytes(4, "little")
            self.num_words += 1
        self._advance(WRITE_WORD_US * len(burst))
