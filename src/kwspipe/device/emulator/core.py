"""Registers of the Cortex-M33: pending interrupts, SysTick, cycle counter, reset (Armv8-M ARM, chapter D1)."""

from collections.abc import Callable

from kwspipe.device.emulator.peripheral import HardFaultError, Peripheral
from kwspipe.device.emulator.timebase import Clock

BASE = 0xE0000000
SIZE = 0x10000
DWT_CTRL, DWT_CYCCNT = 0x1000, 0x1004
SYST_CSR, SYST_RVR, SYST_CVR = 0xE010, 0xE014, 0xE018
NVIC_ISER0, NVIC_ICER0, NVIC_ISPR0, NVIC_ICPR0 = 0xE100, 0xE180, 0xE200, 0xE280
SCB_CPUID, SCB_ICSR, SCB_VTOR, SCB_AIRCR, SCB_CPACR = 0xED00, 0xED04, 0xED08, 0xED0C, 0xED88
SCB_CFSR, SCB_HFSR, SCB_BFAR = 0xED28, 0xED2C, 0xED38
DCB_DEMCR = 0xEDFC

# A Cortex-M33 r0p4 except for the implementer: 0 is reserved for software (silicon: 0x41, Arm). If it is 0, the
# firmware reports that its counter counts instructions.
EMULATED_CPUID = 0x000FD214
AIRCR_KEY, AIRCR_SYSRESETREQ = 0x05FA, 1 << 2
ICSR_PENDSTSET, ICSR_PENDSTCLR = 1 << 26, 1 << 25
CPACR_FPU = 0xF << 20
DEMCR_TRCENA, DWT_CYCCNTENA = 1 << 24, 1
SYST_ENABLE, SYST_TICKINT = 1, 2


class Core(Peripheral):
    """The registers of the system control space that the firmware uses.

    The model never enters an interrupt handler. The firmware keeps PRIMASK set and waits with WFI, which a pending and
    enabled interrupt ends also with PRIMASK set. `should_wake` implements this rule.

    Args:
        clock: the time, for SysTick.
        core_hz: returns the frequency of SysTick.
        read_counter: returns the number of instructions counted.
        stop: stops the processor, so that the board can react to a register write.
    """

    has_aliases = False

    def __init__(
        self,
        clock: Clock,
        core_hz: Callable[[], int],
        read_counter: Callable[[], int],
        stop: Callable[[], None],
    ) -> None:
        registers = (
            DWT_CTRL, DWT_CYCCNT, SYST_CSR, SYST_RVR, SYST_CVR, NVIC_ISER0, NVIC_ICER0, NVIC_ISPR0,
            NVIC_ICPR0, SCB_ICSR, SCB_VTOR, SCB_AIRCR, SCB_CPACR, SCB_CFSR, SCB_HFSR, SCB_BFAR, DCB_DEMCR,
        )  # fmt: skip
        super().__init__("core", dict.fromkeys(registers, 0) | {SCB_CPUID: EMULATED_CPUID})
        self._clock = clock
        self._core_hz = core_hz
        self._read_counter = read_counter
        self._stop = stop
        self.reset_requested = False
        self._counter_origin = 0
        self._next_tick_us = 0
        self._tick_pending = False
        self._pending = 0

    def _reset(self) -> None:
        self.reset_requested = False
        self._tick_pending = False
        self._pending = 0

    @property
    def counting(self) -> bool:
        """True if the firmware has enabled the cycle counter."""
        return bool(self.values[DCB_DEMCR] & DEMCR_TRCENA and self.values[DWT_CTRL] & DWT_CYCCNTENA)

    def assert_interrupts(self, lines: int) -> None:
        """Sets the interrupts in ``lines`` pending."""
        self._pending |= lines

    def until_tick_us(self) -> int | None:
        """Returns the time to the next tick: 0 if it is due or pending, None if SysTick is disabled."""
        if not self.values[SYST_CSR] & SYST_ENABLE:
            return None
        return 0 if self._tick_pending else max(0, self._next_tick_us - self._clock.now_us())

    def should_wake(self) -> bool:
        """Returns whether WFI ends: an interrupt is pending and enabled."""
        if not self.values[SCB_CPACR] & CPACR_FPU:
            raise HardFaultError(
                "the floating point unit is not enabled (SCB_CPACR): its first use causes a fault on the chip"
            )
        self._run_tick()
        tick = self._tick_pending and self.values[SYST_CSR] & SYST_TICKINT
        return bool(tick or self._pending & self.values[NVIC_ISER0])

    def can_wake(self) -> bool:
        """Returns whether an enabled interrupt can end WFI."""
        ticking = self.values[SYST_CSR] & (SYST_ENABLE | SYST_TICKINT) == SYST_ENABLE | SYST_TICKINT
        return bool(ticking or self.values[NVIC_ISER0])

    def _read(self, offset: int) -> int:
        if offset == DWT_CYCCNT:
            return self._read_counter() - self._counter_origin
        if offset == SCB_ICSR:
            self._run_tick()
            return ICSR_PENDSTSET if self._tick_pending else 0
        if offset in (NVIC_ISPR0, NVIC_ICPR0):
            return self._pending
        if offset == NVIC_ICER0:
            return self.values[NVIC_ISER0]
        return super()._read(offset)

    def _write(self, offset: int, value: int) -> None:
        was_counting = self.counting
        if offset == NVIC_ISER0:
            value |= self.values[NVIC_ISER0]
        elif offset == NVIC_ICER0:
            offset, value = NVIC_ISER0, self.values[NVIC_ISER0] & ~value
        elif offset == NVIC_ICPR0:
            self._pending &= ~value
        elif offset == NVIC_ISPR0:
            self._pending |= value
        elif offset == SCB_ICSR and value & ICSR_PENDSTCLR:
            self._tick_pending = False
        elif offset == DWT_CYCCNT:
            self._counter_origin = self._read_counter() - value
        elif offset == SCB_AIRCR:
            self.reset_requested = value >> 16 == AIRCR_KEY and bool(value & AIRCR_SYSRESETREQ)
            self._stop()
        elif offset == SYST_CSR and value & SYST_ENABLE:
            self._next_tick_us = self._clock.now_us() + self._period_us()
        super()._write(offset, value)
        # Unicorn repeats the store instruction at which it was stopped. The repetition has no effect.
        if self.counting != was_counting:
            self._stop()

    def _period_us(self) -> int:
        return max(1, (self.values[SYST_RVR] + 1) * 1_000_000 // self._core_hz())

    def _run_tick(self) -> None:
        now_us = self._clock.now_us()
        if self.values[SYST_CSR] & SYST_ENABLE and now_us >= self._next_tick_us:
            self._tick_pending = True
            self._next_tick_us = now_us + self._period_us()
