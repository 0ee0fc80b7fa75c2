"""Reader for flatbuffers from untrusted sources: every offset is checked before it is followed.

The package ``flatbuffers`` has no verifier for Python, and its reader interprets a negative position as counted from
the end. This module therefore reads the wire format itself (https://flatbuffers.dev/internals/). Offsets are relative
to their own position. The vtable of a table can be before or after the table.
"""

import struct
from collections.abc import Iterator

_SIZES = {"?": 1, "b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "q": 8, "Q": 8, "f": 4, "d": 8}


class MalformedError(Exception):
    """An offset or a length that points outside the data."""


class Table:
    """A table in a flatbuffer. Its fields are read by slot, which is their index in the schema.

    Args:
        data: the flatbuffer.
        position: of the table, in bytes.

    Raises:
        MalformedError: in the constructor and in each method, an offset or a length that points outside the data.
    """

    def __init__(self, data: bytes, position: int) -> None:
        self.data = data
        self.position = position
        vtable = position - self._scalar("i", position, "a table")
        vtable_bytes = self._scalar("H", vtable, "a vtable")
        if vtable_bytes < 4 or vtable_bytes % 2:
            raise MalformedError(f"the vtable at byte {vtable} gives its own size as {vtable_bytes}")
        fields = self._slice(vtable + 4, vtable_bytes - 4, "a vtable")
        self._fields: tuple[int, ...] = struct.unpack(f"<{len(fields) // 2}H", fields)

    @property
    def num_slots(self) -> int:
        """Number of slots in the vtable. A file of a newer schema can have more slots."""
        return len(self._fields)

    def number(self, slot: int, kind: str) -> int | float | bool:
        """Returns a number of the ``struct`` format ``kind``; 0, the default of the schemas, if the field is absent."""
        field = self._field(slot)
        return 0 if field is None else self._scalar(kind, field, f"field {slot}")

    def table(self, slot: int) -> "Table | None":
        """Returns the table that a field refers to, or None if the field is absent."""
        target = self.target(slot)
        return None if target is None else Table(self.data, target)

    def target(self, slot: int) -> int | None:
        """Returns the position that a field's offset refers to, or None if the field is absent."""
        field = self._field(slot)
        return None if field is None else self._follow(field)

    def vector(self, slot: int, item_bytes: int) -> bytes:
        """Returns the bytes of a vector of scalars or of a string; no bytes if the field is absent."""
        start, count = self._vector(slot, item_bytes)
        return self.data[start : start + count * item_bytes]

    def targets(self, slot: int) -> Iterator[int]:
        """Yields the positions that the offsets in a vector refer to."""
        start, count = self._vector(slot, 4)
        for item in range(start, start + 4 * count, 4):
            yield self._follow(item)

    def strings(self, slot: int) -> Iterator[bytes]:
        """Yields the elements of a vector of strings."""
        for target in self.targets(slot):
            length = self._scalar("I", target, "a string's length")
            yield self._slice(target + 4, length, "a string")

    def vector_length(self, slot: int) -> int:
        """Returns the number of items in a vector, or of bytes in a string, without reading them."""
        return self._vector(slot, 1)[1]

    def _vector(self, slot: int, item_bytes: int) -> tuple[int, int]:
        target = self.target(slot)
        if target is None:
            return 0, 0
        count = self._scalar("I", target, "a vector's length")
        if target + 4 + count * item_bytes > len(self.data):
            raise MalformedError(
                f"the vector at byte {target} has {count} items, which do not fit into the data"
            )
        return target + 4, count

    def _field(self, slot: int) -> int | None:
        offset = self._fields[slot] if slot < len(self._fields) else 0
        return self.position + offset if offset else None

    def _follow(self, position: int) -> int:
        target = position + self._scalar("I", position, "an offset")
        if target + 4 > len(self.data):
            raise MalformedError(
                f"the offset at byte {position} points outside the {len(self.data)} bytes of data"
            )
        return target

    def _scalar(self, kind: str, position: int, what: str) -> int:
        value: int = struct.unpack("<" + kind, self._slice(position, _SIZES[kind], what))[0]
        return value

    def _slice(self, start: int, size: int, what: str) -> bytes:
        if start < 0 or start + size > len(self.data):
            raise MalformedError(f"{what} at byte {start} is outside the {len(self.data)} bytes of data")
        return self.data[start : start + size]


def root_table(data: bytes) -> Table:
    """Returns the root table of a flatbuffer.

    Raises:
        MalformedError: the data is too short, or the root table is outside of it.
    """
    if len(data) < 8:
        raise MalformedError(f"{len(data)} bytes are too few for a flatbuffer")
    return Table(data, struct.unpack("<I", data[:4])[0])
