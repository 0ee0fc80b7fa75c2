"""EUSART0, the serial port of the board: FIFOs, flags, baud rate, DMA requests."""

import math
from collections import deque

from kwspipe.device.emulator.clocks import Clocks
from kwspipe.device.emulator.ldma import Dma
from kwspipe.device.emulator.line import Line
from kwspipe.device.emulator.peripheral import Emit, Peripheral
from kwspipe.device.emulator.timebase import Clock

BASE = 0x4B010000
EN, CFG0, CFG1, CFG2, FRAMECFG, CLKDIV, CMD = 0x04, 0x08, 0x0C, 0x10, 0x14, 0x30, 0x38
RXDATA, TXDATA, STATUS, IF, IEN, SYNCBUSY = 0x3C, 0x44, 0x48, 0x4C, 0x50, 0x54
CMD_RXEN, CMD_RXDIS, CMD_TXEN, CMD_TXDIS = 1, 2, 4, 8
STATUS_RXENS, STATUS_TXENS, STATUS_TXC, STATUS_TXFL, STATUS_RXFL = 1 << 0, 1 << 1, 1 << 5, 1 << 6, 1 << 7
STATUS_RXIDLE, STATUS_TXIDLE, STATUS_TXFCNT_SHIFT = 1 << 12, 1 << 13, 16
FLAG_TXC, FLAG_TXFL, FLAG_RXFL, FLAG_RXOF = 1 << 0, 1 << 1, 1 << 2, 1 << 4
RX_FLAGS = FLAG_RXFL | FLAG_RXOF
TX_FLAGS = FLAG_TXC | FLAG_TXFL
IRQ_RX, IRQ_TX = 1 << 11, 1 << 12
FRAME_8N1 = 2 | 1 << 12
FIFO_FRAMES = 16
BITS_PER_FRAME = 10
REQUEST_RXFL = 15 << 16
# Relative difference of the baud rates that a receiver tolerates, the usual value for 8N1.
MAX_BAUD_ERROR = 0.025
# Maximum number of bytes per call of pump() on free time.
FREE_BYTES_PER_PUMP = 1024
# Number of bytes between two calls of pump() on paced time.
FRAMES_PER_PUMP = 8
MAX_INCOMING_BYTES = 65536


class Uart(Peripheral):
    """EUSART0, connected to the line to the host.

    Args:
        line: the line to the host.
        dma: receives the received bytes.
        clocks: provides the frequency from which the baud rate is derived.
        clock: the time. On paced time the transfer of bytes takes as long as on a real line.
        line_baud: speed of the host's end in bits per second.
        emit: reports `serial` when the firmware enables the port.
    """

    def __init__(
        self, line: Line, dma: Dma, clocks: Clocks, clock: Clock, line_baud: int, emit: Emit
    ) -> None:
        registers = (EN, CFG0, CFG1, CFG2, FRAMECFG, CLKDIV, CMD, RXDATA, TXDATA, STATUS, IF, IEN, SYNCBUSY)
        super().__init__("EUSART0", dict.fromkeys(registers, 0))
        self._line = line
        self._dma = dma
        self._clocks = clocks
        self._clock = clock
        self._line_baud = line_baud
        self._emit = emit
        self._frame_us = BITS_PER_FRAME * 1_000_000 / line_baud
        self._receive_fifo: deque[int] = deque()
        self._send_fifo = bytearray()
        self._incoming = bytearray()  # sent by the host, not yet received
        self._received_until_us = 0.0
        self._sent_until_us = 0.0
        self._is_configured = False

    def _reset(self) -> None:
        self._receive_fifo.clear()
        self._send_fifo.clear()

    def baud(self) -> float:
        """Returns the baud rate of the registers (reference manual: f / (OVS (1 + CLKDIV / 256)))."""
        oversampling = (16, 8, 6, 4, 1)[self.values[CFG0] >> 5 & 7]
        return self._clocks.eusart0_hz() / (oversampling * (1 + self.values[CLKDIV] / 256))

    def _read(self, offset: int) -> int:
        if offset == STATUS:
            return self._status()
        if offset == RXDATA:
            return self._receive_fifo.popleft() if self._receive_fifo else 0
        return super()._read(offset)

    def _write(self, offset: int, value: int) -> None:
        super()._write(offset, value)
        if offset == CMD:
            self._command(value)
        elif offset == TXDATA and self.values[STATUS] & STATUS_TXENS and len(self._send_fifo) < FIFO_FRAMES:
            if not self._send_fifo:
                self._sent_until_us = max(self._sent_until_us, self._clock.now_us())
            self._send_fifo.append(value & 0xFF)

    def interrupts(self) -> int:
        """Returns the active interrupts."""
        active = self.values[IF] & self.values[IEN]
        return (IRQ_RX if active & RX_FLAGS else 0) | (IRQ_TX if active & TX_FLAGS else 0)

    def pump(self) -> None:
        """Transfers the bytes that are due, in both directions."""
        self._send()
        if self.values[STATUS] & STATUS_RXENS:
            self._receive()

    def until_event_us(self) -> int | None:
        """Returns the time until the next transfer is complete, or None if no bytes are pending."""
        if not self._clock.paced:
            return 0 if self._incoming else None
        ends = []
        for pending, start_us in (
            (self._incoming, self._received_until_us),
            (self._send_fifo, self._sent_until_us),
        ):
            if pending:
                ends.append(start_us + min(len(pending), FRAMES_PER_PUMP) * self._frame_us)
        return max(0, math.ceil(min(ends) - self._clock.now_us())) if ends else None

    def _command(self, value: int) -> None:
        if value & CMD_RXEN:
            self.values[STATUS] |= STATUS_RXENS
            self._received_until_us = self._clock.now_us()
        if value & CMD_TXEN:
            self.values[STATUS] |= STATUS_TXENS
        if value & CMD_RXDIS:
            self.values[STATUS] &= ~STATUS_RXENS
        if value & CMD_TXDIS:
            self.values[STATUS] &= ~STATUS_TXENS
        if value & (CMD_RXEN | CMD_TXEN):
            error = self.baud() / self._line_baud - 1
            self._is_configured = abs(error) <= MAX_BAUD_ERROR and self.values[FRAMECFG] == FRAME_8N1
            self._emit(
                "serial", baud=round(self.baud()), line_baud=self._line_baud, understood=self._is_configured
            )

    def _status(self) -> int:
        self._send()
        status = self.values[STATUS] | STATUS_RXIDLE | len(self._send_fifo) << STATUS_TXFCNT_SHIFT
        if self._receive_fifo:
            status |= STATUS_RXFL
        if self._is_below_watermark():
            status |= STATUS_TXFL
        if not self._send_fifo:
            status |= STATUS_TXC | STATUS_TXIDLE
        return status

    def _is_below_watermark(self) -> bool:
        """Returns whether the free space in the send FIFO exceeds the watermark (TXFIW)."""
        return FIFO_FRAMES - len(self._send_fifo) > self.values[CFG1] >> 16 & 0xF

    def _send(self) -> None:
        count = len(self._send_fifo)
        if self._clock.paced:
            count = min(count, int((self._clock.now_us() - self._sent_until_us) / self._frame_us))
            self._sent_until_us += count * self._frame_us
        if count:
            if self._is_configured:
                self._line.send(bytes(self._send_fifo[:count]))
            del self._send_fifo[:count]
        if self._is_below_watermark():
            self.values[IF] |= FLAG_TXFL
        if not self._send_fifo:
            self.values[IF] |= FLAG_TXC

    def _receive(self) -> None:
        now_us = self._clock.now_us()
        if not self._incoming:
            self._received_until_us = now_us
        self._incoming += self._line.receive(MAX_INCOMING_BYTES - len(self._incoming))
        count = min(len(self._incoming), FREE_BYTES_PER_PUMP)
        if self._clock.paced:
            count = min(len(self._incoming), int((now_us - self._received_until_us) / self._frame_us))
            self._received_until_us += count * self._frame_us
        data = bytes(self._incoming[:count])
        del self._incoming[:count]
        if data and self._is_configured:
            self._store(data)

    def _store(self, data: bytes) -> None:
        self.values[IF] |= FLAG_RXFL
        num_delivered = self._dma.deliver(REQUEST_RXFL, BASE + RXDATA, data)
        for byte in data[num_delivered:]:
            if len(self._receive_fifo) < FIFO_FRAMES:
                self._receive_fifo.append(byte)
            else:
                self.values[IF] |= FLAG_RXOF
