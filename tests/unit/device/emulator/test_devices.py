"""Models of the serial port, the DMA controller, the clocks and the interrupts, without a processor."""

import struct
from collections.abc import Callable

import pytest

from kwspipe.device.emulator import clocks, core, ldma, uart
from kwspipe.device.emulator.peripheral import HardFaultError, Peripheral
from kwspipe.device.emulator.timebase import Clock

RAM = 0x20000000
SET, CLEAR, TOGGLE = 0x1000, 0x2000, 0x3000


class FakeLine:
    def __init__(self) -> None:
        self.to_board = bytearray()
        self.to_host = bytearray()

    def receive(self, max_bytes: int) -> bytes:
        data = bytes(self.to_board[:max_bytes])
        del self.to_board[:max_bytes]
        return data

    def send(self, data: bytes) -> None:
        self.to_host += data


class SteppedClock(Clock):
    """Paced clock whose time the test sets."""

    def __init__(self) -> None:
        super().__init__(paced=True)
        self.time_us = 0

    def now_us(self) -> int:
        return self.time_us


class Rig:
    """A serial port with DMA into a memory of 1 KiB. The crystal runs."""

    def __init__(self, clock: Clock, line_baud: int = 115200) -> None:
        self.memory = bytearray(1024)
        self.events: list[tuple[str, dict[str, object]]] = []
        crystal = clocks.Crystal()
        crystal.bus_write(clocks.HFXO_CTRL, clocks.FORCEEN)
        self.clocks = clocks.Clocks(crystal, clocks.Dpll(crystal))
        self.clocks.bus_write(clocks.EM01GRPCCLKCTRL, 2)
        self.clocks.bus_write(clocks.EUSART0CLKCTRL, 1)
        self.select = ldma.RequestSelect()
        self.dma = ldma.Dma(self.select, self.read, self.write)
        self.line = FakeLine()
        emit: Callable[..., None] = lambda event, **fields: self.events.append((event, fields))  # noqa: E731
        self.uart = uart.Uart(self.line, self.dma, self.clocks, clock, line_baud, emit)  # type: ignore[arg-type]

    def read(self, address: int, size: int) -> bytes:
        return bytes(self.memory[address - RAM : address - RAM + size])

    def write(self, address: int, content: bytes) -> None:
        self.memory[address - RAM : address - RAM + len(content)] = content

    def open(self, divider: int = 5160) -> None:
        self.uart.bus_write(uart.EN, 1)
        self.uart.bus_write(uart.FRAMECFG, uart.FRAME_8N1)
        self.uart.bus_write(uart.CLKDIV, divider)
        self.uart.bus_write(uart.CMD, uart.CMD_RXEN | uart.CMD_TXEN)

    def start_ring(self, num_units: int, ring_at: int = 512) -> None:
        """Starts DMA channel 0 with a ring buffer. Its descriptor is at the start of the memory."""
        control = (num_units - 1) << 4 | 3 << 24
        self.write(
            RAM, struct.pack("<4I", control, uart.BASE + uart.RXDATA, RAM + ring_at, RAM | ldma.LINK_LINK)
        )
        self.dma.bus_write(ldma.EN, 1)
        self.select.bus_write(4, uart.REQUEST_RXFL)
        self.dma.bus_write(ldma.CH_LINK, RAM)
        self.dma.bus_write(ldma.LINKLOAD, 1)


def test_aliases_set_clear_and_toggle_bits() -> None:
    module = Peripheral("TEST", {8: 0b0101})
    module.bus_write(8 + SET, 0b0010)
    assert module.bus_read(8) == 0b0111
    module.bus_write(8 + CLEAR, 0b0001)
    assert module.bus_read(8) == 0b0110
    module.bus_write(8 + TOGGLE, 0b1100)
    assert module.bus_read(8) == 0b1010


def test_an_unknown_register_and_a_module_without_clock_are_errors() -> None:
    module = Peripheral("TEST", {8: 0})
    with pytest.raises(HardFaultError, match=r"TEST\+0x00c is not a register"):
        module.bus_read(12)
    module.clock_on = False
    with pytest.raises(HardFaultError, match="no clock"):
        module.bus_read(8)


def test_divider_and_crystal_determine_the_baud_rate() -> None:
    rig = Rig(Clock(paced=False))
    rig.open(divider=5160)
    assert rig.uart.baud() == pytest.approx(39e6 / (16 * (1 + 5160 / 256)))
    assert rig.events == [("serial", {"baud": 115214, "line_baud": 115200, "understood": True})]


def test_a_wrong_baud_rate_transfers_nothing() -> None:
    rig = Rig(Clock(paced=False), line_baud=57600)
    rig.open()
    rig.line.to_board += b"hello"
    rig.uart.pump()
    rig.uart.bus_write(uart.TXDATA, ord("x"))
    rig.uart.pump()
    assert rig.events[0][1]["understood"] is False
    assert rig.uart.bus_read(uart.STATUS) & uart.STATUS_RXFL == 0
    assert rig.line.to_host == b""


def test_without_dma_the_fifo_holds_16_and_the_next_byte_is_lost() -> None:
    rig = Rig(Clock(paced=False))
    rig.open()
    rig.line.to_board += bytes(range(17))
    rig.uart.pump()
    assert rig.uart.bus_read(uart.IF) & uart.FLAG_RXOF
    assert [rig.uart.bus_read(uart.RXDATA) for _ in range(16)] == list(range(16))
    assert rig.uart.bus_read(uart.STATUS) & uart.STATUS_RXFL == 0


def test_dma_wraps_at_the_end_of_a_ring() -> None:
    rig = Rig(Clock(paced=False))
    rig.open()
    rig.start_ring(num_units=8)
    rig.line.to_board += b"0123456789"
    rig.uart.pump()
    assert rig.memory[512:520] == b"89234567"
    assert rig.dma.bus_read(ldma.CH_DST) == RAM + 512 + 2


def test_a_descriptor_in_flash_is_an_error() -> None:
    rig = Rig(Clock(paced=False))
    rig.dma.bus_write(ldma.CH_LINK, 0x08001000)
    with pytest.raises(HardFaultError, match="not in RAM"):
        rig.dma.bus_write(ldma.LINKLOAD, 1)


def test_received_bytes_arrive_at_the_speed_of_the_line() -> None:
    clock = SteppedClock()
    rig = Rig(clock, line_baud=115200)
    rig.open()
    rig.start_ring(num_units=256)
    rig.line.to_board += bytes(range(100))
    rig.uart.pump()
    clock.time_us = 1000  # 11.5 frames of 86.8 us
    rig.uart.pump()
    assert rig.dma.bus_read(ldma.CH_DST) == RAM + 512 + 11
    clock.time_us = 100_000
    rig.uart.pump()
    assert rig.memory[512:612] == bytes(range(100))


def test_bytes_are_sent_at_the_speed_of_the_line_and_free_the_fifo() -> None:
    clock = SteppedClock()
    rig = Rig(clock)
    rig.open()
    rig.uart.bus_write(uart.CFG1, 7 << 16)
    for byte in range(20):
        rig.uart.bus_write(uart.TXDATA, byte)
    assert rig.uart.bus_read(uart.STATUS) >> uart.STATUS_TXFCNT_SHIFT & 31 == 16
    rig.uart.bus_write(uart.IF + CLEAR, uart.FLAG_TXFL)
    rig.uart.bus_write(uart.IEN, uart.FLAG_TXFL)
    clock.time_us = 600  # 6 frames
    rig.uart.pump()
    assert rig.line.to_host == bytes(range(6))
    assert rig.uart.interrupts() == 0
    clock.time_us = 700
    rig.uart.pump()
    assert rig.uart.interrupts() == uart.IRQ_TX
    clock.time_us = 10_000
    rig.uart.pump()
    assert rig.line.to_host == bytes(range(16)), "bytes that do not fit into the FIFO are lost"


def test_a_clock_from_a_crystal_that_does_not_run_is_an_error() -> None:
    crystal = clocks.Crystal()
    tree = clocks.Clocks(crystal, clocks.Dpll(crystal))
    with pytest.raises(HardFaultError, match="HFXO0"):
        tree.bus_write(clocks.SYSCLKCTRL, 3)


def test_a_core_without_divided_peripherals_is_too_fast() -> None:
    crystal = clocks.Crystal()
    dpll = clocks.Dpll(crystal)
    tree = clocks.Clocks(crystal, dpll)
    crystal.bus_write(clocks.HFXO_CTRL, clocks.FORCEEN)
    dpll.bus_write(clocks.DPLL_CFG1, 3839 << 16 | 1919)
    dpll.bus_write(clocks.DPLL_EN, 1)
    with pytest.raises(HardFaultError, match="core at 78000000 Hz, peripherals at 78000000 Hz"):
        tree.bus_write(clocks.SYSCLKCTRL, 2)


def make_core(clock: Clock) -> core.Core:
    return core.Core(clock, core_hz=lambda: 78_000_000, read_counter=lambda: 0, stop=lambda: None)


def test_only_a_pending_and_enabled_interrupt_ends_a_wait() -> None:
    device = make_core(Clock(paced=False))
    device.bus_write(core.SCB_CPACR, core.CPACR_FPU)
    assert not device.can_wake()
    device.assert_interrupts(1 << 11)
    assert not device.should_wake()
    device.bus_write(core.NVIC_ISER0, 1 << 11)
    assert device.can_wake() and device.should_wake()
    device.bus_write(core.NVIC_ICPR0, 1 << 11)
    assert not device.should_wake()


def test_the_tick_is_pending_after_its_period() -> None:
    clock = Clock(paced=False)
    device = make_core(clock)
    device.bus_write(core.SCB_CPACR, core.CPACR_FPU)
    device.bus_write(core.SYST_RVR, 780_000 - 1)
    device.bus_write(core.SYST_CSR, core.SYST_ENABLE | core.SYST_TICKINT)
    clock.advance(9_999)
    assert not device.should_wake()
    clock.advance(1)
    assert device.should_wake()
    device.bus_write(core.SCB_ICSR, core.ICSR_PENDSTCLR)
    assert not device.should_wake()


def test_waiting_without_the_floating_point_unit_enabled_is_an_error() -> None:
    with pytest.raises(HardFaultError, match="SCB_CPACR"):
        make_core(Clock(paced=False)).should_wake()


def test_paced_time_stops_while_this_machine_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    host_ns = 0
    monkeypatch.setattr("time.monotonic_ns", lambda: host_ns)
    clock = Clock(paced=True)
    host_ns = 20_000_000
    assert clock.now_us() == 20_000
    host_ns += 3_000_000_000
    assert clock.now_us() == 70_000
    host_ns += 10_000_000
    assert clock.now_us() == 80_000
