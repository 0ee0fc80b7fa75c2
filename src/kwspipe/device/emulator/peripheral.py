"""What all modules of the emulated chip have in common: registers behind bus addresses."""

from collections.abc import Callable

# Each module has 4 KiB of registers, seen four times in a row: as they are, to set bits, to clear, to toggle.
WINDOW_BYTES = 0x1000


class HardFaultError(Exception):
    """The firmware did what would fail on the real chip; the message says what, and where it was noticed."""


class Peripheral:
    """A module with registers.

    A subclass names every register it knows; any other access is an error, so that a wrong address does not
    pass unnoticed. It overrides `_read`, `_write` and `_reset` for what registers do besides keeping values.

    Args:
        name: as the reference manual has it, for messages.
        registers: register offsets and their values after reset.
    """

    has_aliases = True

    def __init__(self, name: str, registers: dict[int, int]) -> None:
        self.name = name
        self.clock_on = True
        self._reset_values = registers
        self.values = dict(registers)

    def reset(self) -> None:
        """Puts the module into its state after power-on."""
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
        """Called after the registers have their values of power-on."""

    def _read(self, offset: int) -> int:
        """Returns the value of a register, with the side effects of a read."""
        return self.values[offset]

    def _write(self, offset: int, value: int) -> None:
        """Writes a register, with the side effects of a write."""
        self.values[offset] = value

    def _check(self, offset: int) -> int:
        register = offset % WINDOW_BYTES if self.has_aliases else offset
        if not self.clock_on:
            raise HardFaultError(
                f"{self.name}+{register:#05x} is used while the module has no clock (CMU_CLKEN)"
            )
        if register not in self.values:
            raise HardFaultError(f"{self.name}+{register:#05x} is not a register this emulator knows")
        return register


Emit = Callable[..., None]
"""Reports an event: a name, and its facts by keyword."""
