"""Reading and writing of SL_PARAMSv1, and errors for damaged files."""

import flatbuffers
import numpy as np
import pytest
import tflite
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kwspipe.errors import KwspipeError
from kwspipe.tflite.flatbuffer import MalformedError, Table, root_table
from kwspipe.tflite.metadata import read_parameters, write_parameters
from kwspipe.tflite.metadata_codec import decode, encode

from support.empty_model import empty_model  # isort: skip

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
ints32 = st.integers(-(2**31), 2**31 - 1)
float32s = st.floats(allow_nan=False, width=32).map(lambda value: float(str(np.float32(value))))
values = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False),
    texts,
    st.binary(max_size=40),
    st.lists(texts, max_size=5),
    st.lists(ints32, min_size=1, max_size=5),
    st.lists(float32s, min_size=1, max_size=5),
)
parameter_sets = st.dictionaries(texts.filter(bool), values, max_size=8)


def type_of(value):
    return [type(item) for item in value] if isinstance(value, list) else type(value)


@given(parameter_sets)
@settings(max_examples=60, deadline=None)
def test_written_values_are_read_with_their_type(parameters):
    written = write_parameters(empty_model(), parameters)
    read = read_parameters(written)
    assert read == parameters
    assert [type_of(value) for value in read.values()] == [type_of(value) for value in parameters.values()]


@pytest.mark.parametrize(
    ("value", "type_number"),
    [
        *[(0, 3), (255, 3), (256, 5), (65535, 5), (65536, 7), (2**32 - 1, 7), (2**32, 9), (2**64 - 1, 9)],
        *[(-1, 2), (-128, 2), (-129, 4), (-32769, 6), (-(2**31) - 1, 8), (True, 1), (0.025, 10)],
        (0.1 + 0.2, 11),
    ],
)
def test_a_number_is_stored_in_the_smallest_type(value, type_number):
    encoded = encode({"key": value})
    (entry,) = root_table(encoded).targets(1)
    assert Table(encoded, entry).number(1, "B") == type_number


def test_a_float32_is_read_as_its_shortest_decimal():
    assert decode(encode({"a": 0.025, "b": [0.06, 3999.0]})) == {"a": 0.025, "b": [0.06, 3999.0]}


def test_an_absent_number_is_read_as_zero():
    # Silicon Labs' writer omits values that are equal to the schema's default.
    builder = flatbuffers.Builder(64)
    name = builder.CreateString("off")
    builder.StartObject(1)
    empty = builder.EndObject()
    builder.StartObject(3)
    builder.PrependUOffsetTRelativeSlot(0, name, 0)
    builder.PrependUint8Slot(1, 1, 0)
    builder.PrependUOffsetTRelativeSlot(2, empty, 0)
    entry = builder.EndObject()
    builder.StartVector(4, 1, 4)
    builder.PrependUOffsetTRelative(entry)
    vector = builder.EndVector()
    builder.StartObject(2)
    builder.PrependUint8Slot(0, 1, 0)
    builder.PrependUOffsetTRelativeSlot(1, vector, 0)
    builder.Finish(builder.EndObject())
    assert decode(bytes(builder.Output())) == {"off": False}


@pytest.mark.parametrize("other", [b"min_runtime_version", None])
def test_the_rest_of_the_model_does_not_change(other):
    original = empty_model(other)
    written = write_parameters(original, {"name": "a"})
    assert original in written
    model = tflite.Model.GetRootAsModel(written, 0)
    assert (model.Version(), model.Description(), model.BuffersLength()) == (3, b"small", 3)
    assert model.Buffers(1).DataAsNumpy().tobytes() == b"1.14.0"
    names = [model.Metadata(i).Name() for i in range(model.MetadataLength())]
    assert names == ([other] if other else []) + [b"SL_PARAMSv1"]
    assert model.Metadata(len(names) - 1).Buffer() == 2


def test_writing_again_replaces_the_parameters():
    first = write_parameters(empty_model(), {"name": "first", "unused": [1, 2, 3]})
    second = write_parameters(first, {"name": "second"})
    assert read_parameters(second) == {"name": "second"}
    assert second == write_parameters(empty_model(), {"name": "second"})


def test_buffers_keep_their_alignment():
    for length in range(1, 20):
        written = write_parameters(empty_model(), {"text": "x" * length})
        model = tflite.Model.GetRootAsModel(written, 0)
        assert written.index(model.Buffers(2).DataAsNumpy().tobytes()) % 16 == 0
        assert written.index(empty_model()) % 16 == 0


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        (
            {"a": 2**64},
            "model parameter a: the int 18446744073709551616. Allowed: -9223372036854775808 to 1844",
        ),
        (
            {"a": None},
            "model parameter a: a value of type NoneType: None. Allowed: bool, int, float, str, bytes",
        ),
        ({"a": ["x", 1]}, "model parameter a: a value of type list: ['x', 1]"),
        ({"a": [2**31]}, "model parameter a: 2147483648 in a list. Allowed: ints of 32 bits"),
        ({"a": "\ud800"}, "Allowed: text that UTF-8 can encode"),
        ({"": 1}, "a name that the vendor's readers cannot find"),
    ],
)
def test_values_outside_the_format_are_refused(parameters, text):
    with pytest.raises(KwspipeError) as caught:
        write_parameters(empty_model(), parameters)
    assert text in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"TFL3", b"\0\0\0\0TFL2" + bytes(40)])
def test_other_files_are_refused(data):
    for call in (lambda: read_parameters(data), lambda: write_parameters(data, {"a": 1})):
        with pytest.raises(KwspipeError, match="do not start like a TensorFlow Lite model"):
            call()


def test_a_model_without_parameters_is_an_error():
    with pytest.raises(KwspipeError, match=r"no metadata named SL_PARAMSv1.*give labels and settings"):
        read_parameters(empty_model())


def test_a_truncated_model_is_refused():
    whole = write_parameters(empty_model(), {"name": "a", "classes": ["x", "y"], "threshold": 1})
    for length in range(len(whole) - len(empty_model()) - 8):
        with pytest.raises(KwspipeError):
            read_parameters(whole[:length])


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_damaged_model_is_refused_or_read_without_a_crash(data):
    damaged = bytearray(write_parameters(empty_model(), {"name": "a", "classes": ["x", "y"], "gain": 0.5}))
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(damaged) - 4))
        word = data.draw(st.sampled_from([0, 1, 4, 16, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0xFFFFFFFF]))
        damaged[position : position + 4] = word.to_bytes(4, "little")
    for call in (read_parameters, lambda model: write_parameters(model, {"a": 1})):
        try:
            call(bytes(damaged))
        except KwspipeError as error:
            assert error.remedy


@given(st.binary(max_size=200))
@example(b"\x08\0\0\0\0\0\0\0\x04\0\x04\0\x04\0\0\0")
def test_random_bytes_are_refused(data):
    with pytest.raises(MalformedError):
        decode(data)


def test_shared_strings_do_not_exhaust_memory():
    # 2,000 entries share one list of 2,000 references to one string, which makes 4 million strings in 30 kB.
    builder = flatbuffers.Builder(64)
    text = builder.CreateString("x" * 50)
    builder.StartVector(4, 2000, 4)
    for _ in range(2000):
        builder.PrependUOffsetTRelative(text)
    vector = builder.EndVector()
    builder.StartObject(1)
    builder.PrependUOffsetTRelativeSlot(0, vector, 0)
    value = builder.EndObject()
    builder.StartObject(3)
    builder.PrependUOffsetTRelativeSlot(0, text, 0)
    builder.PrependUint8Slot(1, 13, 0)
    builder.PrependUOffsetTRelativeSlot(2, value, 0)
    entry = builder.EndObject()
    builder.StartVector(4, 2000, 4)
    for _ in range(2000):
        builder.PrependUOffsetTRelative(entry)
    entries = builder.EndVector()
    builder.StartObject(2)
    builder.PrependUint8Slot(0, 1, 0)
    builder.PrependUOffsetTRelativeSlot(1, entries, 0)
    builder.Finish(builder.EndObject())
    with pytest.raises(MalformedError, match="decode to more than 16 times their size"):
        decode(bytes(builder.Output()))
