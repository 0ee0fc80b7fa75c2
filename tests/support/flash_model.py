"""Model of a flash memory: NOR rules, power cuts at any operation, and unstable bits after a cut."""

import hashlib
import random
import zlib

import numpy as np
from kwspipe._core import ffi, lib


class FlashModel:
    """Two slots of flash behind ``kws_flash_t``.

    An operation writes one word or erases one page. If the power is cut, some bits of the current operation are
    changed, some are not, and some are unstable. Each :meth:`power_on` sets the unstable bits at random.

    Attributes:
        num_operations: operations since the start of the model.
        cut_at: operation at which the power is cut, counted from 0, None for no cut.
        faults: violations of the rules of a real flash.
    """

    def __init__(self, page_bytes: int, slot_bytes: int, seed: int) -> None:
        self.random = random.Random(seed)
        self.page_bytes = page_bytes
        self.num_operations = 0
        self.cut_at: int | None = None
        self.faults: list[str] = []
        self._is_off = False
        self._cells = ffi.new("uint8_t[]", 2 * slot_bytes + 16)
        skew = -int(ffi.cast("uintptr_t", self._cells)) % 16
        self._base = self._cells + skew
        self.memory = np.frombuffer(ffi.buffer(self._base, 2 * slot_bytes), np.uint8)
        self._words = self.memory.view("<u4")
        self._words[:] = self.random.getrandbits(32)  # the content of a new chip is not defined
        self._used = np.ones(len(self._words), bool)  # words that must be erased before they are written
        self._torn_zero = np.zeros(len(self._words), bool)
        self._unstable: dict[int, int] = {}
        self._erase = ffi.callback("int(void *, uint32_t)", self._on_erase)
        self._write = ffi.callback("int(void *, uint32_t, uint8_t *, uint32_t)", self._on_write)
        self.interface = ffi.new(
            "kws_flash_t *",
            {
                "base": self._base,
                "page_bytes": page_bytes,
                "slot_bytes": slot_bytes,
                "erase_page": self._erase,
                "write": self._write,
            },
        )

    def power_on(self) -> None:
        """Switches the power on after a cut, and sets the unstable bits at random."""
        self._is_off = False
        self.cut_at = None
        for word, mask in self._unstable.items():
            bits = self._bits(self.random.choice([0.0, 0.1, 0.5, 1.0]))
            self._words[word] = (int(self._words[word]) & ~mask) | (bits & mask)

    @property
    def is_off(self) -> bool:
        """True after a power cut."""
        return self._is_off

    def save(self) -> tuple[np.ndarray, ...]:
        """Returns the content, for :meth:`restore`."""
        return self._words.copy(), self._used.copy(), self._torn_zero.copy()

    def restore(self, saved: tuple[np.ndarray, ...]) -> None:
        """Restores the saved content, with all bits stable."""
        self._words[:], self._used[:], self._torn_zero[:] = saved
        self._unstable.clear()
        self._is_off, self.cut_at, self.num_operations = False, None, 0

    def _on_erase(self, _context: object, offset: int) -> int:
        if self._is_off:
            return lib.KWS_ERROR_FLASH
        assert offset % self.page_bytes == 0
        words = range(offset // 4, (offset + self.page_bytes) // 4)
        for word in words:
            self._unstable.pop(word, None)
        self._torn_zero[words.start : words.stop] = False
        if self._count_up_to_cut(1):
            self._words[words.start : words.stop] = 0xFFFFFFFF
            self._used[words.start : words.stop] = False
            return lib.KWS_OK
        self._used[words.start : words.stop] = True
        strength = self.random.choice([0.0, 0.01, 0.5, 0.99, 1.0])
        for word in words:
            risen = self._bits(strength) & ~int(self._words[word])
            self._words[word] = int(self._words[word]) | risen
            if unstable := risen & self._bits(0.5):
                self._unstable[word] = unstable
        return lib.KWS_ERROR_FLASH

    def _on_write(self, _context: object, offset: int, data: object, size: int) -> int:
        if self._is_off:
            return lib.KWS_ERROR_FLASH
        assert offset % 4 == 0 and size % 4 == 0 and size > 0
        if offset // self.page_bytes != (offset + size - 1) // self.page_bytes:
            self.faults.append(f"write across pages at {offset}")
        first = offset // 4
        values = np.frombuffer(bytes(ffi.buffer(data, size)), "<u4")
        num_done = self._count_up_to_cut(len(values))
        done = slice(first, first + num_done)
        repeated_zero = self._torn_zero[done] & (values[:num_done] == 0)
        if np.any(self._used[done] & ~repeated_zero):
            self.faults.append(f"word written twice in {offset}..{offset + size}")
        self._words[done] &= values[:num_done]
        self._used[done] = True
        if num_done == len(values):
            return lib.KWS_OK
        self._tear(first + num_done, int(values[num_done]))
        return lib.KWS_ERROR_FLASH

    def _tear(self, word: int, value: int) -> None:
        if self._used[word] and not (self._torn_zero[word] and value == 0):
            self.faults.append(f"word {word} written twice")
        falling = int(self._words[word]) & ~value & 0xFFFFFFFF
        fallen = falling & self._bits(self.random.choice([0.0, 0.5, 1.0]))
        self._words[word] = int(self._words[word]) & ~fallen & 0xFFFFFFFF
        self._unstable[word] = falling & self._bits(self.random.choice([0.0, 0.5, 1.0]))
        self._used[word] = True
        self._torn_zero[word] = value == 0

    def _bits(self, probability: float) -> int:
        return sum((self.random.random() < probability) << bit for bit in range(32))

    def _count_up_to_cut(self, requested: int) -> int:
        """Returns the number of the requested operations that are completed before the power cut."""
        completed = requested if self.cut_at is None else min(requested, self.cut_at - self.num_operations)
        self.num_operations += completed
        self._is_off = completed < requested
        return completed


def image_id(image: bytes) -> object:
    """Returns the ``kws_image_id_t`` of an image."""
    return ffi.new("kws_image_id_t *", (len(image), zlib.crc32(image), hashlib.sha256(image).digest()))
