"""The parameters Silicon Labs' tools keep in a .tflite (``SL_PARAMSv1``): read and written.

A .tflite is a flatbuffer whose root table lists named metadata entries, each naming one of its buffers.
Offsets in a flatbuffer lead forward only; so a new root table, new lists of buffers and of metadata, and the
parameters are put in front of the file, which stays as it was, byte for byte, and is pointed into.
"""

from collections.abc import Mapping

import flatbuffers

from kwspipe.errors import KwspipeError
from kwspipe.tflite.flatbuffer import MalformedError, Table, root_table
from kwspipe.tflite.metadata_codec import Value, decode, encode, offset_vector

METADATA_NAME = b"SL_PARAMSv1"
FILE_IDENTIFIER = b"TFL3"

# Slots of TensorFlow Lite's schema (tensorflow/compiler/mlir/lite/schema/schema.fbs, version 3).
_VERSION, _BUFFERS, _METADATA, _NUM_MODEL_SLOTS = 0, 4, 6, 8
_BUFFER_DATA, _BUFFER_OFFSET = 0, 1
_NAME, _BUFFER_INDEX = 0, 1
# The schema aligns the data of a buffer to 16 bytes; what is put in front must not shift that.
_ALIGNMENT = 16
_REMEDY = "convert the model again, or take an undamaged copy of the file"


def read_parameters(tflite: bytes) -> dict[str, Value]:
    """Returns the parameters embedded in a .tflite, ours or the vendor's.

    Args:
        tflite: the file's bytes; they may be damaged or hostile.

    Raises:
        KwspipeError: not a .tflite, one without parameters, or a damaged one.
    """
    try:
        model = _model(tflite)
        for entry in model.targets(_METADATA):
            table = Table(tflite, entry)
            if _is_ours(table):
                buffers = list(model.targets(_BUFFERS))
                index = int(table.number(_BUFFER_INDEX, "I"))
                if index >= len(buffers):
                    raise MalformedError(f"SL_PARAMSv1 is in buffer {index}, but there are {len(buffers)}")
                return decode(Table(tflite, buffers[index]).vector(_BUFFER_DATA, 1))
    except MalformedError as error:
        raise KwspipeError(".tflite", f"damaged: {error}", "a whole TensorFlow Lite model", _REMEDY) from None
    raise KwspipeError(
        ".tflite",
        "no metadata named SL_PARAMSv1",
        "a model that carries its parameters, as those of kwspipe and of Silicon Labs do",
        "give labels and settings beside the model, or write them into it first",
    )


def write_parameters(tflite: bytes, parameters: Mapping[str, Value]) -> bytes:
    """Returns the .tflite with these parameters embedded, in place of any it had.

    The model itself is not touched: its outputs stay the same. Writing again replaces what was written
    before, so the file does not grow.

    Args:
        tflite: the file's bytes.
        parameters: what ``tflite.parameters`` makes, or any names with values the dictionary can hold.

    Raises:
        KwspipeError: not a .tflite, a damaged one, or a value that cannot be stored.
    """
    encoded = encode(parameters)
    try:
        return _in_front(_without_front(tflite), encoded)
    except MalformedError as error:
        raise KwspipeError(".tflite", f"damaged: {error}", "a whole TensorFlow Lite model", _REMEDY) from None


def _model(tflite: bytes) -> Table:
    if tflite[4:8] != FILE_IDENTIFIER:
        raise KwspipeError(
            ".tflite",
            f"{len(tflite)} bytes that do not start as a TensorFlow Lite model does",
            "a file with TFL3 at bytes 4 to 7",
            "check that this is the .tflite, not an archive or another format of it",
        )
    return root_table(tflite)


def _is_ours(metadata: Table) -> bool:
    # The length first: a hostile file may list one long name very often.
    return metadata.vector_length(_NAME) == len(METADATA_NAME) and metadata.vector(_NAME, 1) == METADATA_NAME


def _without_front(tflite: bytes) -> bytes:
    """Takes off what ``_in_front`` put there, which is proved by putting it there again."""
    _model(tflite)
    start = tflite.find(FILE_IDENTIFIER, _ALIGNMENT) - 4
    if start < _ALIGNMENT or start % _ALIGNMENT:
        return tflite
    try:
        inner = tflite[start:]
        return inner if _in_front(inner, encode(read_parameters(tflite))) == tflite else tflite
    except (KwspipeError, MalformedError):
        return tflite


def _embedded_buffers(model: Table) -> list[int]:
    """Positions of the buffer tables; refuses buffers outside the flatbuffer, as they would be moved."""
    positions = list(model.targets(_BUFFERS))
    if any(Table(model.data, position).number(_BUFFER_OFFSET, "Q") > 1 for position in positions):
        raise MalformedError("it keeps data outside its flatbuffer, as only models above 2 GB need to")
    return positions


def _in_front(tflite: bytes, encoded: bytes) -> bytes:
    """Builds the new root table and all it needs in front of the file."""
    model = _model(tflite)
    if model.num_slots > _NUM_MODEL_SLOTS:
        raise MalformedError(f"{model.num_slots} fields in the root table, {_NUM_MODEL_SLOTS} are known")
    old = tflite + bytes(-len(tflite) % _ALIGNMENT)
    # In a builder, an offset is counted from the end.
    builder = flatbuffers.Builder(2 * len(old))
    builder.CreateByteVector(old)
    name = builder.CreateString(METADATA_NAME)
    builder.StartVector(1, len(encoded), _ALIGNMENT)
    for byte in reversed(encoded):
        builder.PrependByte(byte)
    data = builder.EndVector()
    builder.StartObject(3)
    builder.PrependUOffsetTRelativeSlot(_BUFFER_DATA, data, 0)
    buffers = [len(old) - target for target in _embedded_buffers(model)] + [builder.EndObject()]
    builder.StartObject(2)
    builder.PrependUOffsetTRelativeSlot(_NAME, name, 0)
    builder.PrependUint32Slot(_BUFFER_INDEX, len(buffers) - 1, 0)
    kept = [target for target in model.targets(_METADATA) if not _is_ours(Table(tflite, target))]
    metadata = [len(old) - target for target in kept] + [builder.EndObject()]
    moved = {_BUFFERS: offset_vector(builder, buffers), _METADATA: offset_vector(builder, metadata)}
    builder.StartObject(_NUM_MODEL_SLOTS)
    builder.PrependUint32Slot(_VERSION, int(model.number(_VERSION, "I")), 0)
    for slot in range(_VERSION + 1, _NUM_MODEL_SLOTS):
        target = model.target(slot)
        offset = moved.get(slot, 0 if target is None else len(old) - target)
        builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
    builder.Finish(builder.EndObject(), FILE_IDENTIFIER)
    return bytes(builder.Output())
