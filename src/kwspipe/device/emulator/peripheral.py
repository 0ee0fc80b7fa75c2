"""Base class of the peripherals of the emulated chip: registers at bus addresses."""

from collections.abc import Callable

# Each module has four windows of 4 KiB on the same registers: to read and write, to set, to clear and to toggle bits.
WINDOW_BYTES = 0x1000


class HardFaultError(Exception):
    """An operation of the firmware that would fail on the chip. The message contains the operation and its address."""


class Peripheral:
    """A peripheral with registers.

    A subclass lists all registers that it supports. An access to another address is an error, so that wrong addresses
    are detected. The subclass overrides `_read`, `_write` and `_reset` for the side effects of registers.

    Args:
        name: name in the reference manual, for error messages.
        registers: register offsets and their values after reset.

    Attributes:
        has_aliases: the module has the windows to set, clear and toggle bits.
        clock_on: the clock of the module is enabled.
        values: register values by offset.
    """

    has_aliases = True

    def __init__(self, name: str, registers: dict[int, int]) -> None:
        self.name = name
        self.clock_on = True
        self._reset_values = registers
        self.values = dict(registers)

    def reset(self) -> None:
        """Sets the module to its state after power-on."""
        self.values = dict(self._reset_values)
        self._reset()

    def bus_read(self, offset: int) -> int:
        """Reads at an offset in the module's address range."""
        register = self._check(offset)
        return self._read(register) & 0xFFFFFFFF

    def bus_write(self, offset: int, value: int) -> None:
        """Writes at an offset in the module's address range, aliases included."""
        register = self._check(offset)
        window = offset // WINDOW_BYTES if self.has_aliases else 0
        if window:
            old = self.values[register]
            value = (old | value, old & ~value, old ^ value)[window - 1] & 0xFFFFFFFF
        self._write(register, value)

    def _reset(self) -> None:
        """Resets the state of a subclass. The registers have their reset values."""

    def _read(self, offset: int) -> int:
        """Returns the value of a register and performs the side effects of a read."""
        return self.values[offset]

    def _write(self, offset: int, value: int) -> None:
        """Writes a register and performs the side effects of a write."""
        self.values[offset] = value

    def _check(self, offset: int) -> int:
        register = offset % WINDOW_BYTES if self.has_aliases else offset
        if not self.clock_on:
            raise HardFaultError(
                f"{self.name}+{register:#05x} is accessed while the module has no clock (CMU_CLKEN)"
            )
        if register not in self.values:
            raise HardFaultError(f"{self.name}+{register:#05x} is not a register that the emulator supports")
        return register


Emit = Callable[..., None]
"""Function that reports an event: its name, and its fields as keyword arguments."""
