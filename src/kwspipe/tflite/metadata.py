"""Parameters in the metadata of a .tflite (``SL_PARAMSv1``), in the format of Silicon Labs' tools.

A .tflite is a flatbuffer whose root table has a list of named metadata entries. Each entry refers to a buffer. Offsets
in a flatbuffer can only point forward. Parameters are therefore added by prepending a new root table, new lists of
buffers and of metadata, and the parameters. The original file follows unchanged, and the new tables refer to it.
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
# The schema aligns the data of a buffer to 16 bytes. The prepended part must keep this alignment.
_ALIGNMENT = 16
_REMEDY = "convert the model again, or take an undamaged copy of the file"


def read_parameters(tflite: bytes) -> dict[str, Value]:
    """Returns the parameters embedded in a .tflite of kwspipe or of Silicon Labs' tools.

    Args:
        tflite: content of the file, which can be damaged or hostile.

    Raises:
        KwspipeError: the file is not a .tflite, has no parameters, or is damaged.
    """
    try:
        model = _model(tflite)
        for entry in model.targets(_METADATA):
            table = Table(tflite, entry)
            if _is_parameters(table):
                buffers = list(model.targets(_BUFFERS))
                index = int(table.number(_BUFFER_INDEX, "I"))
                if index >= len(buffers):
                    raise MalformedError(f"SL_PARAMSv1 is in buffer {index}, but there are {len(buffers)}")
                return decode(Table(tflite, buffers[index]).vector(_BUFFER_DATA, 1))
    except MalformedError as error:
        raise KwspipeError(
            ".tflite", f"damaged: {error}", "a complete TensorFlow Lite model", _REMEDY
        ) from None
    raise KwspipeError(
        ".tflite",
        "no metadata named SL_PARAMSv1",
        "a model with embedded parameters, as written by kwspipe and by Silicon Labs' tools",
        "give labels and settings separately, or write them into the model first",
    )


def write_parameters(tflite: bytes, parameters: Mapping[str, Value]) -> bytes:
    """Returns the .tflite with embedded parameters, which replace existing ones.

    The graph and the weights do not change. Parameters that this function wrote before are removed, so that the file
    does not grow.

    Args:
        tflite: content of the file.
        parameters: as ``tflite.parameters`` returns them, or other names and values of the type ``Value``.

    Raises:
        KwspipeError: the file is not a .tflite or is damaged, or a value cannot be stored.
    """
    encoded = encode(parameters)
    try:
        return _prepend(_without_prepended(tflite), encoded)
    except MalformedError as error:
        raise KwspipeError(
            ".tflite", f"damaged: {error}", "a complete TensorFlow Lite model", _REMEDY
        ) from None


def _model(tflite: bytes) -> Table:
    if tflite[4:8] != FILE_IDENTIFIER:
        raise KwspipeError(
            ".tflite",
            f"{len(tflite)} bytes that do not start like a TensorFlow Lite model",
            "a file with TFL3 at bytes 4 to 7",
            "give the .tflite itself, not an archive or another format",
        )
    return root_table(tflite)


def _is_parameters(metadata: Table) -> bool:
    # The length is compared first, because a hostile file can contain many references to one long name.
    return metadata.vector_length(_NAME) == len(METADATA_NAME) and metadata.vector(_NAME, 1) == METADATA_NAME


def _without_prepended(tflite: bytes) -> bytes:
    """Removes the part that ``_prepend`` added, if prepending it again gives the same file."""
    _model(tflite)
    start = tflite.find(FILE_IDENTIFIER, _ALIGNMENT) - 4
    if start < _ALIGNMENT or start % _ALIGNMENT:
        return tflite
    try:
        inner = tflite[start:]
        return inner if _prepend(inner, encode(read_parameters(tflite))) == tflite else tflite
    except (KwspipeError, MalformedError):
        return tflite


def _embedded_buffers(model: Table) -> list[int]:
    """Returns the positions of the buffer tables.

    Raises:
        MalformedError: a buffer is outside the flatbuffer, where prepending would change its position.
    """
    positions = list(model.targets(_BUFFERS))
    if any(Table(model.data, position).number(_BUFFER_OFFSET, "Q") > 1 for position in positions):
        raise MalformedError("data outside the flatbuffer, which is only necessary for models above 2 GB")
    return positions


def _prepend(tflite: bytes, encoded: bytes) -> bytes:
    """Returns the file with a new root table, its lists and the encoded parameters at its start."""
    model = _model(tflite)
    if model.num_slots > _NUM_MODEL_SLOTS:
        raise MalformedError(f"{model.num_slots} fields in the root table, {_NUM_MODEL_SLOTS} are known")
    old = tflite + bytes(-len(tflite) % _ALIGNMENT)
    # The offsets of a builder are counted from the end.
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
    others = [target for target in model.targets(_METADATA) if not _is_parameters(Table(tflite, target))]
    metadata = [len(old) - target for target in others] + [builder.EndObject()]
    replaced = {_BUFFERS: offset_vector(builder, buffers), _METADATA: offset_vector(builder, metadata)}
    builder.StartObject(_NUM_MODEL_SLOTS)
    builder.PrependUint32Slot(_VERSION, int(model.number(_VERSION, "I")), 0)
    for slot in range(_VERSION + 1, _NUM_MODEL_SLOTS):
        target = model.target(slot)
        offset = replaced.get(slot, 0 if target is None else len(old) - target)
        builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
    builder.Finish(builder.EndObject(), FILE_IDENTIFIER)
    return bytes(builder.Output())
