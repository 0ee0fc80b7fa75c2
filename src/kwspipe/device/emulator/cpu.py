"""The processor: Unicorn's Cortex-M33 with the chip's memory map around it.

Nothing else here imports Unicorn, whose licence is the GPL; this module runs in a process of its own.
"""

import ctypes
import enum
import mmap
from collections.abc import Callable
from typing import Any

from unicorn import (
    UC_ARCH_ARM,
    UC_HOOK_BLOCK,
    UC_MODE_MCLASS,
    UC_MODE_THUMB,
    UC_PROT_EXEC,
    UC_PROT_READ,
    Uc,
    UcError,
)
from unicorn.arm_const import UC_ARM_REG_LR, UC_ARM_REG_PC, UC_ARM_REG_SP, UC_CPU_ARM_CORTEX_M33

from kwspipe.device.emulator import flash
from kwspipe.device.emulator.peripheral import HardFaultError, Peripheral

RAM_BASE, RAM_BYTES = 0x20000000, 0x40000
# RAM holds anything after power-on; a firmware that counts on zeros should fail here too.
RAM_AFTER_POWER_ON = 0xD7
STACK_PAINT = b"\xa5\xa5\xa5\xa5"
WFI = b"\x30\xbf"
NEVER = 0xFFFFFFF0


class Stop(enum.Enum):
    """Why the processor stands still."""

    WAITING = "WFI"
    ASKED = "a device asked for it"


def count_instructions(code: bytes) -> int:
    """Returns the number of Thumb instructions in a block of code.

    One is 32 bits wide if its first half-word begins with 0b11101, 0b11110 or 0b11111 (Armv8-M ARM, C2.1).
    """
    count = at = 0
    while at < len(code):
        at += 4 if code[at + 1] >> 3 >= 0b11101 else 2
        count += 1
    return count


class Cpu:
    """Runs firmware until it waits or a device stops it.

    Args:
        memory: the chip's flash, written by the flash controller's model and read by the firmware.
    """

    def __init__(self, memory: mmap.mmap) -> None:
        self._engine = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
        self._engine.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M33)
        self._flash = (ctypes.c_char * flash.SIZE).from_buffer(memory)
        self._engine.mem_map_ptr(
            flash.BASE, flash.SIZE, UC_PROT_READ | UC_PROT_EXEC, ctypes.addressof(self._flash)
        )
        self._engine.mem_map(RAM_BASE, RAM_BYTES)
        self._problem: Exception | None = None
        self._asked = False
        self._counter: int | None = None
        self._block_lengths: dict[tuple[int, int], int] = {}
        self.instructions = 0

    def attach(self, base: int, size: int, device: Peripheral) -> None:
        """Puts a module at its bus address."""

        def read(_engine: Uc, offset: int, _size: int, _data: object) -> int:
            return int(self._guard(device.bus_read, offset) or 0)

        def write(_engine: Uc, offset: int, _size: int, value: int, _data: object) -> None:
            self._guard(device.bus_write, offset, value)

        self._engine.mmio_map(base, size, read, None, write, None)

    def map_constant(self, base: int, content: bytes) -> None:
        """Puts read-only memory at an address."""
        self._engine.mem_map(base, max(0x1000, len(content)), UC_PROT_READ)
        self._engine.mem_write(base, content)

    def _guard(self, access: Callable[..., Any], *arguments: int) -> Any:
        # An exception must not travel through the engine; it is raised again once the engine has stopped.
        if self._problem is None:
            try:
                return access(*arguments)
            except Exception as problem:
                self._problem = problem
                self._engine.emu_stop()
        return None

    def read_memory(self, address: int, size_bytes: int) -> bytes:
        """Returns memory content."""
        return bytes(self._engine.mem_read(address, size_bytes))

    def write_memory(self, address: int, content: bytes) -> None:
        """Writes RAM, as a DMA controller does."""
        if not RAM_BASE <= address <= RAM_BASE + RAM_BYTES - len(content):
            raise HardFaultError(f"DMA writes to {address:#010x}, which is not in RAM")
        self._engine.mem_write(address, content)

    def power_on(self) -> None:
        """Loses what RAM held."""
        self._engine.mem_write(RAM_BASE, bytes([RAM_AFTER_POWER_ON]) * RAM_BYTES)

    def reset(self) -> None:
        """Starts at the reset vector; RAM keeps its content."""
        self.count(False)
        self._engine.ctl_flush_tb()  # type: ignore[attr-defined]
        vectors = self.read_memory(flash.BASE, 8)
        self._engine.reg_write(UC_ARM_REG_SP, int.from_bytes(vectors[:4], "little"))
        self._engine.reg_write(UC_ARM_REG_LR, 0xFFFFFFFF)
        self._engine.reg_write(UC_ARM_REG_PC, int.from_bytes(vectors[4:], "little"))

    def stop(self) -> None:
        """Makes run() return after the present instruction; for devices."""
        self._asked = True
        self._engine.emu_stop()

    def run(self) -> Stop:
        """Runs on from where the processor stands.

        Raises:
            HardFaultError: the firmware did what fails on the chip.
        """
        self._asked = False
        try:
            self._engine.emu_start(self._engine.reg_read(UC_ARM_REG_PC) | 1, NEVER)
        except UcError as error:
            self._problem = self._problem or HardFaultError(str(error))
        problem, self._problem = self._problem, None
        if isinstance(problem, HardFaultError):
            raise HardFaultError(f"{problem} (near {self.where()})") from problem
        if problem is not None:
            raise problem
        if not self._asked and self.read_memory(self._engine.reg_read(UC_ARM_REG_PC) - 2, 2) != WFI:
            raise HardFaultError(f"the processor stopped without WFI (near {self.where()})")
        return Stop.ASKED if self._asked else Stop.WAITING

    def where(self) -> str:
        """Returns the program counter, for messages."""
        return f"pc {self._engine.reg_read(UC_ARM_REG_PC):#010x}"

    def count(self, on: bool) -> None:
        """Starts or stops counting instructions; counting costs most of the speed.

        Whole blocks are counted when they are entered, and an instruction skipped by a condition counts as
        well: a little coarse, but equal runs give equal counts.
        """
        if on == (self._counter is not None):
            return
        if self._counter is not None:
            self._engine.hook_del(self._counter)
            self._counter = None
        else:
            self._counter = self._engine.hook_add(UC_HOOK_BLOCK, self._enter_block)
        self._engine.ctl_flush_tb()  # type: ignore[attr-defined]

    def _enter_block(self, _engine: Uc, address: int, size: int, _data: object) -> None:
        length = self._block_lengths.get((address, size))
        if length is None:
            length = count_instructions(self.read_memory(address, size))
            self._block_lengths[address, size] = length
        self.instructions += length

    def stack_used_bytes(self) -> int:
        """Returns how deep the stack has been: what is written over of the start-up code's paint."""
        top = int.from_bytes(self.read_memory(flash.BASE, 4), "little")
        below = self.read_memory(RAM_BASE, top - RAM_BASE)
        untouched = 0
        while below[untouched : untouched + 4] == STACK_PAINT:
            untouched += 4
        return len(below) - untouched
