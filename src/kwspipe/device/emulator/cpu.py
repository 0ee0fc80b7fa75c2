"""Processor: the Cortex-M33 of the CPU emulator Unicorn with the memory map of the chip.

Unicorn has the GPL as its licence. No other module imports it, and this module runs in its own process.
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
# The content of RAM is not defined after power-on. A firmware that expects zeros should also fail here.
RAM_AFTER_POWER_ON = 0xD7
STACK_PAINT = b"\xa5\xa5\xa5\xa5"
WFI = b"\x30\xbf"
NEVER = 0xFFFFFFF0


class Stop(enum.Enum):
    """Reason for a stop of the processor."""

    WAITING = "WFI"
    REQUESTED = "a request of a peripheral"


def count_instructions(code: bytes) -> int:
    """Returns the number of Thumb instructions in a block of code.

    An instruction has 32 bits if its first half-word begins with 0b11101, 0b11110 or 0b11111 (Armv8-M ARM, C2.1).
    """
    count = offset = 0
    while offset < len(code):
        offset += 4 if code[offset + 1] >> 3 >= 0b11101 else 2
        count += 1
    return count


class Cpu:
    """Processor that runs firmware until the firmware waits or a peripheral stops it.

    Args:
        memory: the flash memory. The model of the flash controller writes it, and the firmware reads it.

    Attributes:
        instructions: number of instructions counted.
    """

    def __init__(self, memory: mmap.mmap) -> None:
        self._engine = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
        self._engine.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M33)
        self._flash = (ctypes.c_char * flash.SIZE).from_buffer(memory)
        self._engine.mem_map_ptr(
            flash.BASE, flash.SIZE, UC_PROT_READ | UC_PROT_EXEC, ctypes.addressof(self._flash)
        )
        self._engine.mem_map(RAM_BASE, RAM_BYTES)
        self._error: Exception | None = None
        self._stop_requested = False
        self._counter: int | None = None
        self._block_lengths: dict[tuple[int, int], int] = {}
        self.instructions = 0

    def attach(self, base: int, size: int, device: Peripheral) -> None:
        """Maps a peripheral at its bus address."""

        def read(_engine: Uc, offset: int, _size: int, _data: object) -> int:
            return int(self._guard(device.bus_read, offset) or 0)

        def write(_engine: Uc, offset: int, _size: int, value: int, _data: object) -> None:
            self._guard(device.bus_write, offset, value)

        self._engine.mmio_map(base, size, read, None, write, None)

    def map_constant(self, base: int, content: bytes) -> None:
        """Maps read-only memory at an address."""
        self._engine.mem_map(base, max(0x1000, len(content)), UC_PROT_READ)
        self._engine.mem_write(base, content)

    def _guard(self, access: Callable[..., Any], *arguments: int) -> Any:
        # An exception must not propagate through Unicorn. run() raises it after Unicorn has stopped.
        if self._error is None:
            try:
                return access(*arguments)
            except Exception as error:
                self._error = error
                self._engine.emu_stop()
        return None

    def read_memory(self, address: int, size_bytes: int) -> bytes:
        """Returns memory content."""
        return bytes(self._engine.mem_read(address, size_bytes))

    def write_memory(self, address: int, content: bytes) -> None:
        """Writes RAM on behalf of the DMA controller."""
        if not RAM_BASE <= address <= RAM_BASE + RAM_BYTES - len(content):
            raise HardFaultError(f"DMA writes to {address:#010x}, which is not in RAM")
        self._engine.mem_write(address, content)

    def power_on(self) -> None:
        """Overwrites the content of RAM."""
        self._engine.mem_write(RAM_BASE, bytes([RAM_AFTER_POWER_ON]) * RAM_BYTES)

    def reset(self) -> None:
        """Sets the registers from the vector table. RAM keeps its content."""
        self.count(False)
        self._engine.ctl_flush_tb()  # type: ignore[attr-defined]
        vectors = self.read_memory(flash.BASE, 8)
        self._engine.reg_write(UC_ARM_REG_SP, int.from_bytes(vectors[:4], "little"))
        self._engine.reg_write(UC_ARM_REG_LR, 0xFFFFFFFF)
        self._engine.reg_write(UC_ARM_REG_PC, int.from_bytes(vectors[4:], "little"))

    def stop(self) -> None:
        """Makes run() return after the current instruction."""
        self._stop_requested = True
        self._engine.emu_stop()

    def run(self) -> Stop:
        """Continues from the current program counter.

        Raises:
            HardFaultError: if an operation of the firmware would fail on the chip.
        """
        self._stop_requested = False
        try:
            self._engine.emu_start(self._engine.reg_read(UC_ARM_REG_PC) | 1, NEVER)
        except UcError as engine_error:
            self._error = self._error or HardFaultError(str(engine_error))
        error, self._error = self._error, None
        if isinstance(error, HardFaultError):
            raise HardFaultError(f"{error} (near {self.program_counter()})") from error
        if error is not None:
            raise error
        if not self._stop_requested and self.read_memory(self._engine.reg_read(UC_ARM_REG_PC) - 2, 2) != WFI:
            raise HardFaultError(f"the processor stopped without WFI (near {self.program_counter()})")
        return Stop.REQUESTED if self._stop_requested else Stop.WAITING

    def program_counter(self) -> str:
        """Returns the program counter as text, for error messages."""
        return f"pc {self._engine.reg_read(UC_ARM_REG_PC):#010x}"

    def count(self, on: bool) -> None:
        """Starts or stops the count of instructions, which slows down the emulation considerably.

        The instructions of a basic block are counted when the block is entered. Instructions that a condition skips are
        counted too. The count is therefore not exact, but reproducible.
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
        """Returns the maximum stack depth, from the pattern that the start-up code writes to the stack."""
        top = int.from_bytes(self.read_memory(flash.BASE, 4), "little")
        stack = self.read_memory(RAM_BASE, top - RAM_BASE)
        unused = 0
        while stack[unused : unused + 4] == STACK_PAINT:
            unused += 4
        return len(stack) - unused
