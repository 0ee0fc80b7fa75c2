"""The application of firmware/app in this process, on a simulated board with its own time."""

import ctypes
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from kwspipe._core import ffi

from support.paths import FIRMWARE

PAGE_BYTES, SLOT_BYTES = 8192, 16 * 8192
APP_BYTES = 128 * 1024
KEYWORD, ACTIVITY = 0, 1
OK, UNSUPPORTED = 0, -5

u32, i32, pointer = ctypes.c_uint32, ctypes.c_int32, ctypes.c_void_p
Erase = ctypes.CFUNCTYPE(i32, pointer, u32)
Write = ctypes.CFUNCTYPE(i32, pointer, u32, pointer, u32)
Transfer = ctypes.CFUNCTYPE(u32, pointer, pointer, u32)
AudioStart = ctypes.CFUNCTYPE(i32, pointer, u32)
SetLed = ctypes.CFUNCTYPE(None, pointer, i32, ctypes.c_bool)
Clock = ctypes.CFUNCTYPE(u32, pointer)
Idle = ctypes.CFUNCTYPE(None, pointer, u32)
Reset = ctypes.CFUNCTYPE(None, pointer)


class FlashInterface(ctypes.Structure):
    """kws_flash_t."""

    _fields_ = (
        ("context", pointer),
        ("base", pointer),
        ("page_bytes", u32),
        ("slot_bytes", u32),
        ("erase_page", Erase),
        ("write", Write),
    )


class BoardInterface(ctypes.Structure):
    """kws_board_t."""

    _fields_ = (
        ("context", pointer),
        ("name", ctypes.c_char_p),
        ("version", ctypes.c_char_p),
        ("flash", FlashInterface),
        ("serial_window_bytes", u32),
        ("serial_read", Transfer),
        ("serial_write", Transfer),
        ("audio_start", AudioStart),
        ("audio_read", Transfer),
        ("set_led", SetLed),
        ("time_ms", Clock),
        ("cycles", Clock),
        ("cycles_name", ctypes.c_char_p),
        ("idle", Idle),
        ("reset", Reset),
    )


def build_library(folder: Path) -> ctypes.CDLL:
    """Compiles application and core. Skips the test if there is no compiler."""
    compiler = shlex.split(os.environ.get("CC", "cc"))
    if shutil.which(compiler[0]) is None:
        pytest.skip("needs a C compiler")
    sources = [
        *(FIRMWARE / "core").rglob("*.c"),
        *(path for path in (FIRMWARE / "app").glob("*.c") if path.name != "main.c"),
    ]
    library = folder / "app.so"
    options = ["-std=c11", "-O1", "-shared", "-fPIC", f"-I{FIRMWARE / 'core'}", f"-I{FIRMWARE / 'app'}"]
    subprocess.run([*compiler, *options, *map(str, sources), "-o", str(library)], check=True)
    return ctypes.CDLL(str(library))


class AppBoard:
    """A simulated board with a microphone and LEDs.

    Attributes:
        now_ms: time of the board, advanced only by the board's own functions.
        round_ms: duration of one iteration of the main loop.
        lights: state of each LED.
        rate_hz: sample rate of the microphone, 0 if it is off.
        num_lost: samples dropped because the microphone's buffer was full.
    """

    def __init__(self, library: ctypes.CDLL) -> None:
        self.now_ms, self.round_ms = 0.0, 0.0
        self.lights = {KEYWORD: False, ACTIVITY: False}
        self.rate_hz, self.num_lost, self.num_resets = 0, 0, 0
        self.audio = np.zeros(0, np.int16)
        self.received, self.sent = bytearray(), bytearray()
        self.on_round: Callable[[], None] = lambda: None
        self._captured_ms = 0.0
        self._microphone: list[int] = []
        self._library = library
        self._cells = ffi.new("uint8_t[]", 2 * SLOT_BYTES + 16)
        self._base = self._cells + (-int(ffi.cast("uintptr_t", self._cells)) % 16)
        ffi.buffer(self._base, 2 * SLOT_BYTES)[:] = b"\xff" * (2 * SLOT_BYTES)
        self._interface = self._make_interface()
        self._app = ctypes.create_string_buffer(APP_BYTES + 16)
        self._app_at = ctypes.addressof(self._app) + (-ctypes.addressof(self._app) % 16)
        self.start()

    def start(self) -> None:
        """Starts the application with the present flash content."""
        ctypes.memset(self._app_at, 0, APP_BYTES)
        assert self._library.kws_app_open(pointer(self._app_at), ctypes.byref(self._interface)) == OK

    def run(self, duration_ms: float) -> None:
        """Runs the main loop for this duration."""
        end_ms = self.now_ms + duration_ms
        while self.now_ms < end_ms:
            self.step()

    def step(self) -> None:
        """Runs one iteration of the main loop."""
        self._library.kws_app_step(pointer(self._app_at))
        self.now_ms += self.round_ms
        self.on_round()

    def exchange(self, data: bytes) -> bytes:
        """Sends bytes to the board and returns the bytes it sends within some iterations."""
        self.received += data
        for _ in range(12):
            self.step()
        response, self.sent = bytes(self.sent), bytearray()
        return response

    def _make_interface(self) -> BoardInterface:
        flash = FlashInterface(
            None,
            int(ffi.cast("uintptr_t", self._base)),
            PAGE_BYTES,
            SLOT_BYTES,
            Erase(self._erase),
            Write(self._write),
        )
        return BoardInterface(
            None, b"test", b"0.0-test", flash, 2048,
            Transfer(self._serial_read), Transfer(self._serial_write), AudioStart(self._audio_start),
            Transfer(self._audio_read), SetLed(self._set_led), Clock(lambda _: int(self.now_ms)),
            Clock(lambda _: int(self.now_ms * 1000)), b"cycles", Idle(self._idle), Reset(self._reset),
        )  # fmt: skip

    def _erase(self, _context: object, offset: int) -> int:
        ffi.buffer(self._base + offset, PAGE_BYTES)[:] = b"\xff" * PAGE_BYTES
        return OK

    def _write(self, _context: object, offset: int, data: int, size: int) -> int:
        ffi.buffer(self._base + offset, size)[:] = ctypes.string_at(data, size)
        return OK

    def _serial_read(self, _context: object, data: int, size: int) -> int:
        taken = bytes(self.received[:size])
        del self.received[:size]
        ctypes.memmove(data, taken, len(taken))
        return len(taken)

    def _serial_write(self, _context: object, data: int, size: int) -> int:
        self.sent += ctypes.string_at(data, size)
        return size

    def _audio_start(self, _context: object, rate_hz: int) -> int:
        self.rate_hz = rate_hz
        self._captured_ms = self.now_ms
        self._microphone.clear()
        return OK

    def _audio_read(self, _context: object, samples: int, count: int) -> int:
        self._capture()
        taken = np.array(self._microphone[:count], np.int16)
        del self._microphone[: len(taken)]
        ctypes.memmove(samples, taken.tobytes(), taken.nbytes)
        return len(taken)

    def _capture(self) -> None:
        """Moves the samples since the last call into the buffer of 100 ms."""
        num_new = int((self.now_ms - self._captured_ms) * self.rate_hz / 1000) if self.rate_hz else 0
        self._captured_ms += num_new * 1000 / self.rate_hz if self.rate_hz else 0
        new, self.audio = self.audio[:num_new], self.audio[num_new:]
        room = self.rate_hz // 10 - len(self._microphone)
        self.num_lost += max(0, len(new) - room)
        self._microphone += new[: max(room, 0)].tolist()

    def _set_led(self, _context: object, led: int, on: bool) -> None:
        self.lights[led] = on

    def _idle(self, _context: object, max_ms: int) -> None:
        self.now_ms += min(max_ms, 5)

    def _reset(self, _context: object) -> None:
        self.num_resets += 1
