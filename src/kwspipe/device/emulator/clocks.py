"""Clock tree (CMU, HFXO0, HFRCO0, DPLL0) and TIMER0: oscillators, clock gates and frequencies."""

from kwspipe.device.emulator.peripheral import HardFaultError, Peripheral
from kwspipe.device.emulator.timebase import Clock

HFXO_HZ = 39_000_000
FSRCO_HZ = 20_000_000
HFRCO_RESET_HZ = 19_000_000
MAX_CORE_HZ = 78_000_000
MAX_PCLK_HZ = 50_000_000
CLKEN0, CLKEN1, SYSCLKCTRL, DPLLREFCLKCTRL = 0x64, 0x68, 0x70, 0x100
EM01GRPACLKCTRL, EM01GRPCCLKCTRL, EUSART0CLKCTRL = 0x120, 0x128, 0x220
XTALCTRL, HFXO_CTRL, HFXO_STATUS, HFXO_LOCK = 0x18, 0x28, 0x58, 0x80
FORCEEN, DISONDEMAND = 1 << 16, 1 << 24
HFXO_RUNNING = 1 << 0 | 1 << 1 | 1 << 16  # RDY, COREBIASOPTRDY, ENS
HFRCO_CAL, HFRCO_STATUS = 0x08, 0x0C
DPLL_EN, DPLL_CFG, DPLL_CFG1, DPLL_IF, DPLL_STATUS = 0x04, 0x08, 0x0C, 0x10, 0x18
DPLL_LOCKED, DPLL_LOCK_FAILED = 1 << 0, 1 << 1
TIMER_CFG, TIMER_CTRL, TIMER_CMD, TIMER_TOP, TIMER_CNT, TIMER_EN = 0x04, 0x08, 0x0C, 0x1C, 0x24, 0x30


class Crystal(Peripheral):
    """HFXO0, the crystal oscillator. It starts immediately, or never if ``fails`` is set."""

    def __init__(self) -> None:
        super().__init__("HFXO0", {XTALCTRL: 0x033C3C3C, HFXO_CTRL: 0, HFXO_STATUS: 0, HFXO_LOCK: 0})
        self.fails = False

    @property
    def running(self) -> bool:
        """True if the crystal provides a clock."""
        return not self.fails and bool(self.values[HFXO_CTRL] & FORCEEN)

    def _read(self, offset: int) -> int:
        if offset == HFXO_STATUS:
            return HFXO_RUNNING if self.running else 0
        return super()._read(offset)


class RcOscillator(Peripheral):
    """HFRCO0, the RC oscillator: 19 MHz after reset, and a higher frequency under control of the DPLL only."""

    def __init__(self) -> None:
        super().__init__("HFRCO0", {HFRCO_CAL: 0xA8689F7F, HFRCO_STATUS: 1})


class Dpll(Peripheral):
    """DPLL0. It locks immediately, or fails if ``fails`` is set or the crystal does not run."""

    def __init__(self, crystal: Crystal) -> None:
        super().__init__("DPLL0", dict.fromkeys((DPLL_EN, DPLL_CFG, DPLL_CFG1, DPLL_IF, DPLL_STATUS), 0))
        self._crystal = crystal
        self.fails = False

    def _write(self, offset: int, value: int) -> None:
        super()._write(offset, value)
        if offset == DPLL_EN and value & 1:
            locks = self._crystal.running and not self.fails
            self.values[DPLL_IF] |= DPLL_LOCKED if locks else DPLL_LOCK_FAILED

    def hz(self) -> int:
        """Returns the frequency of the RC oscillator, with or without lock."""
        if not self.values[DPLL_EN] & 1 or not self.values[DPLL_IF] & DPLL_LOCKED:
            return HFRCO_RESET_HZ
        ratio = self.values[DPLL_CFG1]
        return HFXO_HZ * ((ratio >> 16 & 0xFFF) + 1) // ((ratio & 0xFFF) + 1)


class Clocks(Peripheral):
    """CMU, the clock tree from the oscillators to the modules.

    Args:
        crystal: HFXO0.
        dpll: DPLL0 with HFRCO0.
    """

    def __init__(self, crystal: Crystal, dpll: Dpll) -> None:
        selects = dict.fromkeys((CLKEN0, CLKEN1, DPLLREFCLKCTRL, EUSART0CLKCTRL), 0)
        super().__init__("CMU", selects | {SYSCLKCTRL: 1, EM01GRPACLKCTRL: 1, EM01GRPCCLKCTRL: 1})
        self._crystal = crystal
        self._dpll = dpll
        self._gated: list[tuple[Peripheral, int, int]] = []

    def gate(self, module: Peripheral, register: int, bit: int) -> None:
        """Connects the clock of a module to a bit of CLKEN0 or CLKEN1."""
        self._gated.append((module, register, bit))
        module.clock_on = False

    def _reset(self) -> None:
        self._apply_gates()

    def _write(self, offset: int, value: int) -> None:
        super()._write(offset, value)
        if offset in (CLKEN0, CLKEN1):
            self._apply_gates()
        if offset == SYSCLKCTRL and (self.core_hz() > MAX_CORE_HZ or self.peripheral_hz() > MAX_PCLK_HZ):
            raise HardFaultError(
                f"CMU: core at {self.core_hz()} Hz, peripherals at {self.peripheral_hz()} Hz: too fast"
            )

    def _apply_gates(self) -> None:
        for module, register, bit in self._gated:
            module.clock_on = bool(self.values[register] >> bit & 1)

    def _crystal_hz(self) -> int:
        if not self._crystal.running:
            raise HardFaultError("CMU: a clock is derived from the crystal (HFXO0), which does not run")
        return HFXO_HZ

    def core_hz(self) -> int:
        """Returns the frequency of the core."""
        source = self.values[SYSCLKCTRL] & 7
        if source not in (1, 2, 3):
            raise HardFaultError(
                f"CMU: SYSCLKCTRL.CLKSEL {source} is not a source that the emulator supports"
            )
        return (FSRCO_HZ, self._dpll.hz(), self._crystal_hz() if source == 3 else 0)[source - 1]

    def peripheral_hz(self) -> int:
        """Returns PCLK, which clocks USART0."""
        return self.core_hz() >> (self.values[SYSCLKCTRL] >> 10 & 1)

    def _group_hz(self, register: int) -> int:
        source = self.values[register] & 7
        if source not in (1, 2, 3):
            raise HardFaultError(
                f"CMU: CLKSEL {source} at {register:#x} is not a source that the emulator supports"
            )
        return (self._dpll.hz(), self._crystal_hz() if source == 2 else 0, FSRCO_HZ)[source - 1]

    def timer0_hz(self) -> int:
        """Returns the frequency of EM01GRPACLK, which clocks TIMER0."""
        return self._group_hz(EM01GRPACLKCTRL)

    def eusart0_hz(self) -> int:
        """Returns the frequency that clocks EUSART0."""
        if self.values[EUSART0CLKCTRL] != 1:
            raise HardFaultError("CMU: EUSART0 has no clock source (EUSART0CLKCTRL)")
        return self._group_hz(EM01GRPCCLKCTRL)


class Timer(Peripheral):
    """TIMER0 as a 32-bit up-counter.

    Args:
        clocks: provides the frequency.
        clock: the time.
    """

    def __init__(self, clocks: Clocks, clock: Clock) -> None:
        registers = (TIMER_CFG, TIMER_CTRL, TIMER_CMD, TIMER_TOP, TIMER_CNT, TIMER_EN)
        super().__init__("TIMER0", dict.fromkeys(registers, 0))
        self._clocks = clocks
        self._clock = clock
        self._started_us: int | None = None

    def _reset(self) -> None:
        self._started_us = None

    def _read(self, offset: int) -> int:
        if offset != TIMER_CNT or self._started_us is None:
            return super()._read(offset)
        self._clock.waited(1)  # on free time a loop that polls the timer must end
        divider = (self.values[TIMER_CFG] >> 18 & 0x3FF) + 1
        return (self._clock.now_us() - self._started_us) * self._clocks.timer0_hz() // (1_000_000 * divider)

    def _write(self, offset: int, value: int) -> None:
        super()._write(offset, value)
        if offset == TIMER_CMD:
            self._started_us = self._clock.now_us() if value & 1 and self.values[TIMER_EN] else None
