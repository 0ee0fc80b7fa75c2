"""Choice of the device, its warnings, and its entry in the manifest."""

import json
from pathlib import Path

from kwspipe.runs.artifacts import FACTS
from kwspipe.training.devices import Device, choose
from support.composed import problems

H100 = Device("GPU:0", "NVIDIA H100", (9, 0))
SECOND = Device("GPU:1", "NVIDIA H100", (9, 0))
OLD = Device("GPU:0", "NVIDIA GeForce GTX 1080", (6, 1))


def test_without_a_gpu_the_cpu_is_used_and_results_are_repeatable() -> None:
    placement = choose("float32", [])
    assert str(placement) == "the CPU, float32"
    assert placement.warnings == () and placement.varies_because is None


def test_the_first_of_several_gpus_is_used() -> None:
    placement = choose("mixed_float16", [H100, SECOND])
    assert str(placement) == (
        "GPU:0 (NVIDIA H100), mixed_float16; not repeatable to the bit: "
        "depthwise convolutions have no deterministic gradient on GPUs"
    )
    assert placement.warnings == ()


def test_a_mixed_precision_on_the_cpu_is_a_warning() -> None:
    assert choose("mixed_bfloat16", []).warnings == (
        "train.precision=mixed_bfloat16 is slower than float32 on a CPU",
    )


def test_a_gpu_too_old_for_the_precision_is_a_warning() -> None:
    assert choose("mixed_float16", [OLD]).warnings == (
        "train.precision=mixed_float16 is not faster than float32 on GPU:0 (NVIDIA GeForce GTX 1080): "
        "its compute capability is 6.1, and Tensor Cores support it from 7.0 on",
    )
    assert choose("float32", [OLD]).warnings == ()
    assert choose("mixed_float16", [Device("GPU:0", "other")]).warnings == ()  # no capability is reported


def test_a_driver_without_a_gpu_is_a_warning() -> None:
    assert choose("float32", [], has_driver=True).warnings == (
        "there is an NVIDIA driver, but TensorFlow finds no GPU: "
        "pip install 'kwspipe[gpu]' installs the CUDA libraries",
    )
    assert choose("float32", [H100], has_driver=True).warnings == ()


def test_an_unknown_precision_is_an_error_before_the_run_starts() -> None:
    text = problems("+experiment=digits_3", "train.precision=float16")
    assert "train.precision: received 'float16'" in text


def test_the_manifest_has_one_entry_for_the_same_device(tmp_path: Path) -> None:
    cpu = choose("float32", [])
    cpu.note(tmp_path, 0)
    before = (tmp_path / FACTS).read_bytes()
    cpu.note(tmp_path, 3)  # interrupted and resumed
    assert (tmp_path / FACTS).read_bytes() == before
    assert json.loads(before) == {
        "deterministic": True,
        "trained": [
            {
                "from_epoch": 0, "devices": ["CPU"], "precision": "float32", "deterministic": True,
                "varies_because": None,
            }
        ],
    }  # fmt: skip


def test_the_manifest_names_each_device_and_whether_results_are_repeatable(tmp_path: Path) -> None:
    choose("float32", []).note(tmp_path, 0)
    choose("float32", [H100]).note(tmp_path, 3)
    facts = json.loads((tmp_path / FACTS).read_text())
    assert not facts["deterministic"]
    assert [(entry["from_epoch"], entry["devices"]) for entry in facts["trained"]] == [
        (0, ["CPU"]),
        (3, ["GPU:0 (NVIDIA H100)"]),
    ]
    choose("float32", []).note(tmp_path, 0)  # a restart discards the earlier attempts
    assert json.loads((tmp_path / FACTS).read_text())["deterministic"]
