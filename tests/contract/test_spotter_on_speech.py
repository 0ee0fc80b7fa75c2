"""Spotter of the C core with the base model of the vendor, on recordings."""

from dataclasses import replace

import numpy as np
import pytest
from kwspipe._core import ffi, lib

from kwspipe.audio.pcm import float_from_pcm, pcm_from_float, read_pcm
from kwspipe.compiler import image_format as container
from kwspipe.compiler.compile import compile_model
from kwspipe.core.detector import Detector, pack_settings
from kwspipe.core.frontend import FrontEnd
from kwspipe.core.spotter import Spotter
from kwspipe.errors import KwspipeError
from kwspipe.tflite.metadata import read_parameters
from kwspipe.tflite.model_settings import class_labels, detector_settings, frontend_settings
from support.speech import recordings
from support.vendor_models import tflite_of

ARCHIVE = "keyword_spotting_mobilenetv2"
WORDS = ["left", "right", "up", "down", "stop", "go", "yes", "bed"]
RATE_HZ = 16000
GAP_SAMPLES = 12800


@pytest.fixture(scope="module")
def model(shared_dir):
    """Returns .tflite, labels, front end and detector of the vendor's base model, with a short averaging window."""
    tflite = tflite_of(ARCHIVE, shared_dir)
    parameters = read_parameters(tflite)
    detector = replace(detector_settings(parameters), average_window_duration_ms=300, minimum_count=2)
    return tflite, class_labels(parameters), frontend_settings(parameters), detector


def compiled(model, **changes):
    tflite, labels, frontend, detector = model
    settings = replace(frontend, **changes)
    image, _ = compile_model(
        tflite, labels, FrontEnd(settings).tables, pack_settings(detector, labels), ARCHIVE
    )
    return image, settings


@pytest.fixture(scope="module")
def image(model):
    return compiled(model)[0]


@pytest.fixture(scope="module")
def stream(shared_dir):
    """Returns two recordings per word of the test split, in quiet noise, and the end of each word in ms."""
    speech = shared_dir / "data" / "speech"
    testing = set((speech / "testing_list.txt").read_text().split())
    random = np.random.default_rng(3)
    pieces, ends_ms = [np.zeros(19200, np.int16)], []
    for speaker in range(2):
        for word in WORDS:
            files = [path for path in recordings(speech / word) if f"{word}/{path.name}" in testing]
            pieces += [read_pcm(files[speaker * (len(files) // 2)], RATE_HZ), np.zeros(GAP_SAMPLES, np.int16)]
            ends_ms.append((word, (sum(map(len, pieces)) - GAP_SAMPLES) // 16))
    samples = float_from_pcm(np.concatenate(pieces))
    return pcm_from_float(samples + random.normal(0, 0.001, len(samples))), ends_ms


def in_blocks(samples, random, longest):
    """Yields the samples in blocks of random size below ``longest``."""
    while len(samples):
        count = int(random.integers(0, longest))
        yield samples[:count]
        samples = samples[count:]


def test_detections_do_not_depend_on_the_block_size(image, stream):
    samples, _ = stream
    expected = Spotter(image).feed(samples)
    assert len(expected) >= 6
    random = np.random.default_rng(4)
    for longest in (50, 700, 40000):
        spotter = Spotter(image)
        found = [
            detection for piece in in_blocks(samples, random, longest) for detection in spotter.feed(piece)
        ]
        assert found == expected


def test_keywords_are_detected(image, stream):
    samples, ends_ms = stream
    detections = Spotter(image).feed(samples)
    keywords = [(word, end) for word, end in ends_ms if word in WORDS[:6]]
    found = [
        (word, end) for word, end in keywords
        if any(d.label == word and end - 1000 <= d.time_ms <= end + 700 for d in detections)
    ]  # fmt: skip
    assert len(found) >= 9, (found, detections)


@pytest.mark.parametrize("dynamic", [False, True])
def test_equals_separate_front_end_model_and_detector(model, stream, dynamic):
    image, settings = compiled(model, quantize_dynamic_scale_enable=dynamic)
    tflite, labels, _, detector = model
    samples = stream[0][: 16000 * 5]
    frontend = FrontEnd(settings).stream()
    frames = frontend.push(samples)
    ends = np.arange(
        settings_frames(settings), len(frames) + 1, detector.latency_ms // settings.window_step_ms
    )
    clips = np.stack([frontend.quantize(frames[end - settings_frames(settings) : end]) for end in ends])
    scores = reference_scores(tflite, clips)
    times_ms = settings.window_size_ms + (ends - 1) * settings.window_step_ms
    inferences = Spotter(image).infer(samples)
    assert [inference.time_ms for inference in inferences] == times_ms.tolist()
    np.testing.assert_array_equal([inference.scores for inference in inferences], scores)
    expected = Detector(pack_settings(detector, labels), labels).process_many(scores, times_ms)
    assert [inference.detection for inference in inferences if inference.detection] == expected


def settings_frames(settings):
    return (settings.sample_length_ms - settings.window_size_ms) // settings.window_step_ms + 1


def reference_scores(tflite, clips):
    """Returns the outputs (clips, classes) int8 of the reference kernels of TensorFlow Lite."""
    runtime = pytest.importorskip("tflite_runtime.interpreter")
    interpreter = runtime.Interpreter(
        model_content=tflite, experimental_op_resolver_type=runtime.OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    source, target = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    scores = []
    for features in clips:
        interpreter.set_tensor(source, features[np.newaxis, ..., np.newaxis])
        interpreter.invoke()
        scores.append(interpreter.get_tensor(target)[0].copy())
    return np.array(scores)


@pytest.mark.parametrize("dynamic", [False, True])
def test_features_give_the_same_detections_as_samples(model, stream, dynamic):
    image, settings = compiled(model, quantize_dynamic_scale_enable=dynamic)
    samples = stream[0][: 16000 * 10]
    frames = FrontEnd(settings).stream().push(samples)
    spotter = Spotter(image)
    found = [detection for part in np.array_split(frames, 7) for detection in spotter.feed_features(part)]
    assert found == Spotter(image).feed(samples)


def test_samples_can_be_pushed_between_operators(image, stream):
    """Runs samples and operators in any order, as the main loop of the firmware does."""
    samples = stream[0][: 16000 * 8]
    expected = [(d.index, d.score, d.time_ms) for d in Spotter(image).feed(samples)]
    random = np.random.default_rng(5)
    spotter, found, used = Spotter(image), [], 0
    core = spotter._core
    detection, data = ffi.new("kws_detection_t *"), ffi.from_buffer("int16_t[]", samples)
    while used < len(samples) or core.running:
        count = min(int(random.integers(0, 4000)), len(samples) - used)
        used += lib.kws_spotter_push(core, data + used, count)
        for _ in range(random.integers(0, 40)):
            if lib.kws_spotter_step(core, detection):
                found.append((detection.index, detection.score, detection.time_ms))
    assert found == expected


def test_reset_starts_a_new_stream(image, stream):
    samples = stream[0][: 16000 * 6]
    spotter = Spotter(image)
    first = spotter.infer(samples)
    spotter.reset()
    again = spotter.infer(samples)
    assert [i.time_ms for i in again] == [i.time_ms for i in first]
    np.testing.assert_array_equal([i.scores for i in again], [i.scores for i in first])


def rebuilt(image, **sections):
    """Returns the image with a valid checksum and with the given sections. A section that is None is removed."""
    parts = container.read_sections(image)
    for name, data in sections.items():
        parts[getattr(container, name)] = data
    return container.write_image(
        {key: data for key, data in parts.items() if data is not None}, bytes(32), 42720
    )


def status_of(image):
    aligned = np.zeros(len(image) + 16, np.uint8)
    start = -aligned.ctypes.data % 16
    aligned[start : start + len(image)] = np.frombuffer(image, np.uint8)
    return lib.kws_spotter_memory_bytes(ffi.from_buffer("uint8_t[]", aligned[start:]), len(image))


def test_inconsistent_sections_are_rejected(model, image):
    _, labels, frontend, detector = model
    other = FrontEnd(replace(frontend, sample_length_ms=1000)).tables
    fewer = pack_settings(detector, labels[1:])
    for sections, status in [
        ({"FRONTEND": None}, lib.KWS_ERROR_FORMAT),
        ({"DETECTOR": None}, lib.KWS_ERROR_FORMAT),
        ({"FRONTEND": other}, lib.KWS_ERROR_FORMAT),
        ({"FRONTEND": other[:100]}, lib.KWS_ERROR_SIZE),
        ({"DETECTOR": fewer[:-1]}, lib.KWS_ERROR_SIZE),
        ({"LABELS": container.encode_labels(labels[1:])}, lib.KWS_ERROR_FORMAT),
        ({"DETECTOR": fewer}, lib.KWS_ERROR_FORMAT),
    ]:
        assert status_of(rebuilt(image, **sections)) == status, sections
        with pytest.raises(
            KwspipeError, match=r"bytes that the core rejects with status -.* run quantize again"
        ):
            Spotter(rebuilt(image, **sections))
    assert status_of(rebuilt(image)) > 42720
    assert status_of(image[:-1]) == lib.KWS_ERROR_SIZE
    assert status_of(image[:100] + b"\xff" + image[101:]) < 0


def test_damaged_settings_are_rejected_or_run(image, stream):
    random, samples = np.random.default_rng(6), stream[0][:24000]
    parts = container.read_sections(image)
    ran = 0
    for trial in range(120):
        name = ("FRONTEND", "DETECTOR")[trial % 2]
        damaged = bytearray(parts[getattr(container, name)])
        for position in random.integers(0, min(len(damaged), 112), random.integers(1, 4)):
            damaged[position] = random.integers(256)
        candidate = rebuilt(image, **{name: bytes(damaged)})
        if status_of(candidate) >= 0:
            Spotter(candidate).feed(samples)
            ran += 1
    assert 0 < ran < 120


def test_core_rejects_null_pointers_and_insufficient_memory(image):
    spotter = Spotter(image)
    core, size = spotter._core, spotter.memory_bytes
    again = ffi.new("kws_spotter_t *")
    assert (
        lib.kws_spotter_init(again, spotter._image, len(image), spotter._memory, size - 1)
        == lib.KWS_ERROR_SIZE
    )
    assert (
        lib.kws_spotter_init(again, spotter._image, len(image), spotter._memory + 4, size)
        == lib.KWS_ERROR_ARGUMENT
    )
    assert lib.kws_spotter_init(again, spotter._image, len(image), ffi.NULL, size) == lib.KWS_ERROR_ARGUMENT
    assert (
        lib.kws_spotter_init(again, spotter._image + 4, len(image) - 4, spotter._memory, size)
        == lib.KWS_ERROR_ARGUMENT
    )
    assert lib.kws_spotter_push(core, ffi.NULL, 5) == lib.KWS_ERROR_ARGUMENT
    assert lib.kws_spotter_push_features(core, ffi.NULL, 5) == lib.KWS_ERROR_ARGUMENT
    assert lib.kws_spotter_step(core, ffi.NULL) == lib.KWS_ERROR_ARGUMENT
    assert lib.kws_spotter_step(core, ffi.new("kws_detection_t *")) == 0


def test_samples_of_another_type_or_shape_are_rejected(image):
    spotter = Spotter(image)
    with pytest.raises(
        KwspipeError, match=r"Spotter.feed\(samples\): float64 of shape \(5,\). Allowed: int16"
    ):
        spotter.feed(np.zeros(5))
    with pytest.raises(KwspipeError, match=r"Spotter.feed_features\(features\): uint16 of shape \(5, 48\)"):
        spotter.feed_features(np.zeros((5, 48), np.uint16))
    assert spotter.feed(np.zeros(0, np.int16)) == []
