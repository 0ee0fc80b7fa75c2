"""I2S microphone on USART0: provides the samples of a recording, followed by silence."""

from pathlib import Path

import numpy as np
import soundfile

from kwspipe.device.emulator.clocks import Clocks
from kwspipe.device.emulator.gpio import USART0_CLKROUTE, USART0_CSROUTE, USART0_ROUTEEN, USART0_RXROUTE, Gpio
from kwspipe.device.emulator.ldma import Dma
from kwspipe.device.emulator.peripheral import Emit, Peripheral
from kwspipe.device.emulator.timebase import Clock
from kwspipe.errors import KwspipeError

BASE = 0x4005C000
EN, CTRL, FRAME, CMD, STATUS, CLKDIV, RXDOUBLE, IF, IEN, I2SCTRL = (
    0x04, 0x08, 0x0C, 0x14, 0x18, 0x1C, 0x2C, 0x48, 0x4C, 0x54,
)  # fmt: skip
CMD_RUN = 1 << 0 | 1 << 2 | 1 << 4  # RXEN, TXEN, MASTEREN
CTRL_I2S = 1 << 0 | 1 << 10 | 1 << 29  # SYNC, MSBF, AUTOTX
FRAME_16BITS = 13
I2S_W32D16_SPLIT = 1 << 0 | 1 << 3 | 1 << 4 | 3 << 8
BITS_PER_FRAME = 64
REQUEST_LEFT, REQUEST_RIGHT = 4 << 16, 4 << 16 | 1
# RX on PD4, CLK on PD3, CS on PD5: port D is 3, the pin in the upper half.
WIRING = {USART0_RXROUTE: 3 | 4 << 16, USART0_CLKROUTE: 3 | 3 << 16, USART0_CSROUTE: 3 | 5 << 16}
WIRING_BITS = 1 << 0 | 1 << 2 | 1 << 3
SAMPLE_RATE_HZ = 16_000
CHUNK_SAMPLES = 320


def read_recording(path: Path) -> np.ndarray:
    """Reads a recording for the microphone.

    Args:
        path: a sound file that libsndfile supports.

    Returns:
        int16 samples, (samples,), of the first channel.

    Raises:
        KwspipeError: if the file cannot be read, or its sample rate is not 16 kHz.
    """
    try:
        samples, rate_hz = soundfile.read(path, dtype="int16", always_2d=True)
    except (OSError, RuntimeError) as error:
        raise KwspipeError(
            str(path), str(error), "a sound file", "use a readable wav or flac file"
        ) from error
    if rate_hz != SAMPLE_RATE_HZ:
        raise KwspipeError(
            str(path), f"{rate_hz} Hz", f"{SAMPLE_RATE_HZ} Hz, the sample rate of the board's microphone",
            f"resample it to {SAMPLE_RATE_HZ} Hz",
        )  # fmt: skip
    return np.ascontiguousarray(samples[:, 0])


class Microphone(Peripheral):
    """USART0 in I2S mode with the left microphone.

    On free time, the next chunk of a recording is ready whenever the firmware waits. Otherwise the samples arrive at
    the sample rate of the clock registers.

    Args:
        recording: int16 samples, (samples,), played once from the start of the microphone.
        gpio: provides the states of the supply and of the routes of the microphone.
        dma: receives the samples.
        clocks: provides the frequency from which the sample rate is derived.
        clock: the time.
        emit: reports `microphone` at the start, and `recording_end` after the last sample.
    """

    def __init__(
        self, recording: np.ndarray, gpio: Gpio, dma: Dma, clocks: Clocks, clock: Clock, emit: Emit
    ) -> None:
        registers = (EN, CTRL, FRAME, CMD, STATUS, CLKDIV, RXDOUBLE, IF, IEN, I2SCTRL)
        super().__init__("USART0", dict.fromkeys(registers, 0))
        self.play(recording)
        self._gpio = gpio
        self._dma = dma
        self._clocks = clocks
        self._clock = clock
        self._emit = emit
        self.running = False
        self._delivered_until_us = 0.0

    def _reset(self) -> None:
        self.running = False

    def play(self, recording: np.ndarray) -> None:
        """Plays a recording from its start: int16 samples, (samples,)."""
        self._recording = recording.astype("<i2").tobytes()
        self._position = 0

    @property
    def playing(self) -> bool:
        """True until the last sample of the recording."""
        return self.running and self._position < len(self._recording)

    def sample_rate_hz(self) -> float:
        """Returns the sample rate of the registers (reference manual: bit rate f / (2 (1 + CLKDIV / 256)))."""
        return self._clocks.peripheral_hz() / (2 * (1 + self.values[CLKDIV] / 256)) / BITS_PER_FRAME

    def _write(self, offset: int, value: int) -> None:
        super()._write(offset, value)
        if offset == EN and not value & 1:
            self.running = False
        elif offset == CMD and value & CMD_RUN == CMD_RUN:
            self._start()

    def _start(self) -> None:
        is_configured = (
            self.values[EN] & 1
            and self.values[CTRL] == CTRL_I2S
            and self.values[FRAME] & 0xF == FRAME_16BITS
            and self.values[I2SCTRL] == I2S_W32D16_SPLIT
            and self._gpio.microphone_supplied
            and self._gpio.routed(USART0_ROUTEEN, WIRING, WIRING_BITS)
        )
        self.running = bool(is_configured)
        self._delivered_until_us = self._clock.now_us()
        self._emit("microphone", sample_rate_hz=round(self.sample_rate_hz()), understood=self.running)

    def until_chunk_us(self) -> int | None:
        """Returns the time until the next samples are due, or None if the microphone does not run."""
        if not self.running:
            return None
        due_us = self._delivered_until_us + CHUNK_SAMPLES * 1e6 / self.sample_rate_hz()
        return max(0, int(due_us - self._clock.now_us()) + 1)

    def pump(self) -> None:
        """Delivers the samples that are due."""
        if not self.running:
            return
        rate_hz = self.sample_rate_hz()
        due = int((self._clock.now_us() - self._delivered_until_us) * rate_hz / 1e6)
        while due >= CHUNK_SAMPLES:
            due -= CHUNK_SAMPLES
            self._delivered_until_us += CHUNK_SAMPLES * 1e6 / rate_hz
            self._deliver(CHUNK_SAMPLES)

    def _deliver(self, num_samples: int) -> None:
        was_playing = self.playing
        left = self._recording[self._position : self._position + 2 * num_samples]
        self._position += len(left)
        self._dma.deliver(REQUEST_LEFT, BASE + RXDOUBLE, left.ljust(2 * num_samples, b"\0"))
        self._dma.deliver(REQUEST_RIGHT, BASE + RXDOUBLE, bytes(2 * num_samples))
        if was_playing and not self.playing:
            self._emit("recording_end")
