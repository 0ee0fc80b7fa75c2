"""A flash memory for the slots' tests: NOR rules enforced, the power cut at any operation, torn bits unstable."""

import hashlib
import random
import zlib

import numpy as np
from kwspipe._core import ffi, lib


class FlashModel:
    """Two slots of flash behind ``kws_flash_t``.

    An operation is one word written or one page erased. Where the power is cut, the operation under way leaves some
    of its bits changed, some not, and some unstable: they read anew at random after each :meth:`power_on`.

    Attributes:
        num_operations: operations done since the start of the model.
        faults: what a real flash would not have allowed; must stay empty.
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
        self._words[:] = self.random.getrandbits(32)  # a new chip holds anything
        self._used = np.ones(len(self._words), bool)  # must be erased before it is written
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
        """Starts again after a cut; unstable bits settle at random."""
        self._is_off = False
        self.cut_at = None
        for word, mask in self._unstable.items():
            settled = self._bits(self.random.choice([0.0, 0.1, 0.5, 1.0]))
            self._words[word] = (int(self._words[word]) & ~mask) | (settled & mask)

    @property
    def is_off(self) -> bool:
        """Whether the power is cut."""
        return self._is_off

    def save(self) -> tuple[np.ndarray, ...]:
        """The contents, for :meth:`restore`."""
        return self._words.copy(), self._used.copy(), self._torn_zero.copy()

    def restore(self, saved: tuple[np.ndarray, ...]) -> None:
        """Sets the contents back to what they were, all bits stable."""
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
        again_zero = self._torn_zero[done] & (values[:num_done] == 0)
        if np.any(self._used[done] & ~again_zero):
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

    def _count_up_to_cut(self, wanted: int) -> int:
        """Operations of the wanted ones that are done before the power goes."""
        left = wanted if self.cut_at is None else min(wanted, self.cut_at - self.num_operations)
        self.num_operations += left
        self._is_off = left < wanted
        return left


def image_id(image: bytes) -> object:
    """``kws_image_id_t`` of an image."""
    return ffi.new("kws_image_id_t *", (len(image), zlib.crc32(image), hashlib.sha256(image).digest()))
