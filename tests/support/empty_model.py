"""Small .tflite file without operators, for tests of metadata."""

import flatbuffers
import tflite


def empty_model(other_metadata: bytes | None = b"min_runtime_version") -> bytes:
    """Returns a model without operators, with two buffers and the metadata entry of another program."""
    builder = flatbuffers.Builder(256)
    description = builder.CreateString("small")
    buffers = []
    for content in (b"", b"1.14.0"):
        data = builder.CreateByteVector(content) if content else 0
        tflite.BufferStart(builder)
        tflite.BufferAddData(builder, data)
        buffers.append(tflite.BufferEnd(builder))
    tflite.ModelStartBuffersVector(builder, len(buffers))
    for buffer in reversed(buffers):
        builder.PrependUOffsetTRelative(buffer)
    buffer_vector = builder.EndVector()
    metadata_vector = None
    if other_metadata is not None:
        name = builder.CreateString(other_metadata)
        tflite.MetadataStart(builder)
        tflite.MetadataAddName(builder, name)
        tflite.MetadataAddBuffer(builder, 1)
        entry = tflite.MetadataEnd(builder)
        tflite.ModelStartMetadataVector(builder, 1)
        builder.PrependUOffsetTRelative(entry)
        metadata_vector = builder.EndVector()
    tflite.ModelStart(builder)
    tflite.ModelAddVersion(builder, 3)
    tflite.ModelAddDescription(builder, description)
    tflite.ModelAddBuffers(builder, buffer_vector)
    if metadata_vector is not None:
        tflite.ModelAddMetadata(builder, metadata_vector)
    builder.Finish(tflite.ModelEnd(builder), b"TFL3")
    return bytes(builder.Output())
