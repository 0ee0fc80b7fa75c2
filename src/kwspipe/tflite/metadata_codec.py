"""Encoder and decoder of the dictionary that Silicon Labs' tools store in a .tflite as a separate flatbuffer.

The schema, by slots: ``Dictionary`` has schema_version (uint8) and entries; ``Entry`` has key, type and value; a value
is a table with one field. The type numbers are the keys of ``_NUMBERS`` and the constants below it.
"""

import struct
from collections.abc import Mapping, Sequence

import flatbuffers
import numpy as np

from kwspipe.errors import KwspipeError
from kwspipe.tflite.flatbuffer import MalformedError, Table, root_table

Value = bool | int | float | str | bytes | Sequence[str] | Sequence[int] | Sequence[float]

SCHEMA_VERSION = 1
ALLOWED = "bool, int, float, str, bytes, or a list of str, of int (32 bits) or of float"

_NUMBERS = {1: "?", 2: "b", 3: "B", 4: "h", 5: "H", 6: "i", 7: "I", 8: "q", 9: "Q", 10: "f", 11: "d"}
_TYPE_OF = {kind: number for number, kind in _NUMBERS.items()}
_STRING, _STRINGS, _INT32S, _FLOAT32S, _BINARY = 12, 13, 14, 15, 16
# Entries can share strings. Without this limit, a small hostile file could decode to terabytes.
_MAX_GROWTH = 16


def encode(parameters: Mapping[str, Value]) -> bytes:
    """Encodes parameters, in their order.

    An int is stored in the smallest type with sufficient range, which is unsigned unless the value is negative. A float
    is stored as float32 if its shortest decimal representation stays the same, otherwise as float64. Floats in a list
    are stored as float32. An empty list is stored as a list of strings.

    Args:
        parameters: names and values (see ``ALLOWED``).

    Raises:
        KwspipeError: a name or a value that the format cannot represent.
    """
    builder = flatbuffers.Builder(1024)
    entries = []
    for key, value in parameters.items():
        if not isinstance(key, str) or not key or "\0" in key:
            raise _refused(
                repr(key), "a name that the vendor's readers cannot find", "text without NUL", "rename it"
            )
        name = _string(builder, key, key)
        kind, table = _encode_value(builder, key, value)
        builder.StartObject(3)
        builder.PrependUOffsetTRelativeSlot(0, name, 0)
        builder.PrependUint8Slot(1, kind, 0)
        builder.PrependUOffsetTRelativeSlot(2, table, 0)
        entries.append(builder.EndObject())
    vector = offset_vector(builder, entries)
    builder.StartObject(2)
    builder.PrependUint8Slot(0, SCHEMA_VERSION, 0)
    builder.PrependUOffsetTRelativeSlot(1, vector, 0)
    builder.Finish(builder.EndObject())
    return bytes(builder.Output())


def decode(data: bytes) -> dict[str, Value]:
    """Decodes parameters that ``encode`` or Silicon Labs' tools have encoded.

    A float32 is returned as its shortest decimal representation, for example 0.025 instead of 0.02500000037252903.

    Raises:
        MalformedError: the data is damaged, or has another schema version.
    """
    root = root_table(data)
    version = root.number(0, "B")
    if version != SCHEMA_VERSION:
        raise MalformedError(f"schema version {version}, not {SCHEMA_VERSION}")
    parameters: dict[str, Value] = {}
    budget = _MAX_GROWTH * len(data)
    for position in root.targets(1):
        entry = Table(data, position)
        kind, table = int(entry.number(1, "B")), entry.table(2)
        if table is None:
            raise MalformedError(f"the entry at byte {position} has no value")
        budget -= 8 + entry.vector_length(0)
        if kind in (_STRING, _BINARY, _INT32S, _FLOAT32S):
            budget -= table.vector_length(0)
        elif kind == _STRINGS:
            budget -= sum(4 + len(text) for text in _within(budget, table))
        if budget < 0:
            raise MalformedError(f"the entries decode to more than {_MAX_GROWTH} times their size")
        parameters[_text(entry.vector(0, 1))] = _decode_value(kind, table)
    return parameters


def _within(budget: int, table: Table) -> list[bytes]:
    """Returns the strings of a list up to the one that exceeds the budget in bytes."""
    texts: list[bytes] = []
    for text in table.strings(0):
        budget -= 4 + len(text)
        texts.append(text)
        if budget < 0:
            break
    return texts


def _decode_value(kind: int, table: Table) -> Value:
    if kind in _NUMBERS:
        number = table.number(0, _NUMBERS[kind])
        if _NUMBERS[kind] in "fd":
            return _shortest(number) if _NUMBERS[kind] == "f" else float(number)
        return bool(number) if _NUMBERS[kind] == "?" else int(number)
    if kind == _STRING:
        return _text(table.vector(0, 1))
    if kind == _STRINGS:
        return [_text(text) for text in table.strings(0)]
    if kind == _INT32S:
        return [int(item) for item in np.frombuffer(table.vector(0, 4), "<i4")]
    if kind == _FLOAT32S:
        return [_shortest(item) for item in np.frombuffer(table.vector(0, 4), "<f4")]
    if kind == _BINARY:
        return table.vector(0, 1)
    raise MalformedError(f"a value of the unknown type {kind}")


def _encode_value(builder: flatbuffers.Builder, key: str, value: Value) -> tuple[int, int]:
    """Adds the table of a value; returns its type number and its offset."""
    if isinstance(value, bool | int | float):
        kind = _number_kind(key, value)
        packed = struct.pack("<" + kind, value)
        builder.StartObject(1)
        builder.Prep(len(packed), 0)
        for byte in reversed(packed):
            builder.PrependByte(byte)
        builder.Slot(0)
        return _TYPE_OF[kind], builder.EndObject()
    kind_number, vector = _encode_vector(builder, key, value)
    builder.StartObject(1)
    builder.PrependUOffsetTRelativeSlot(0, vector, 0)
    return kind_number, builder.EndObject()


def _encode_vector(builder: flatbuffers.Builder, key: str, value: Value) -> tuple[int, int]:
    if isinstance(value, str):
        return _STRING, _string(builder, key, value)
    if isinstance(value, bytes | bytearray):
        return _BINARY, builder.CreateByteVector(bytes(value))
    if isinstance(value, list | tuple):
        if all(isinstance(item, str) for item in value):
            return _STRINGS, offset_vector(builder, [_string(builder, key, item) for item in value])
        if all(isinstance(item, int) and not isinstance(item, bool) for item in value):
            for item in value:
                if not -(2**31) <= item < 2**31:
                    raise _refused(
                        key, f"{item} in a list", "ints of 32 bits", "use smaller numbers or floats"
                    )
            return _INT32S, builder.CreateNumpyVector(np.asarray(value, "<i4"))
        if all(isinstance(item, float) for item in value):
            with np.errstate(over="ignore"):
                return _FLOAT32S, builder.CreateNumpyVector(np.asarray(value, "<f4"))
    raise _refused(
        key, f"a value of type {type(value).__name__}: {value!r:.80}", ALLOWED, "convert the value"
    )


def _number_kind(key: str, value: bool | int | float) -> str:
    if isinstance(value, bool):
        return "?"
    if isinstance(value, float):
        with np.errstate(over="ignore"):
            return "f" if _shortest(np.float32(value)) == value else "d"
    signed, unsigned = "bhiq", "BHIQ"
    for bits, kind in zip((8, 16, 32, 64), unsigned if value >= 0 else signed, strict=True):
        if 0 <= value < 2**bits or -(2 ** (bits - 1)) <= value < 0:
            return kind
    raise _refused(key, f"the int {value}", f"{-(2**63)} to {2**64 - 1}", "use a smaller number or a float")


def _shortest(value: np.float32 | float) -> float:
    return float(str(np.float32(value)))


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise MalformedError(f"text that is not UTF-8: {error}") from None


def _string(builder: flatbuffers.Builder, key: str, text: str) -> int:
    try:
        return int(builder.CreateString(text))
    except UnicodeEncodeError:
        raise _refused(
            key, f"{text!r:.80}", "text that UTF-8 can encode", "remove the lone surrogates"
        ) from None


def offset_vector(builder: flatbuffers.Builder, targets: Sequence[int]) -> int:
    """Adds a vector of offsets; returns the offset of the vector."""
    builder.StartVector(4, len(targets), 4)
    for target in reversed(targets):
        builder.PrependUOffsetTRelative(target)
    return int(builder.EndVector())


def _refused(key: str, received: str, allowed: str, remedy: str) -> KwspipeError:
    return KwspipeError(f"model parameter {key}", received, allowed, remedy)
