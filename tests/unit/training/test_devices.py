"""What a training runs on: what is chosen, what the user is told of it, and what the manifest says."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from omegaconf import OmegaConf
from tests.support.default_settings import CONF

from kwspipe.config import TrainConfig
from kwspipe.config.parse import parse
from kwspipe.errors import KwspipeError
from kwspipe.runs.artifacts import FACTS
from kwspipe.training.devices import Device, choose
from support.composed import composed, problems

TRAIN = TrainConfig(**OmegaConf.to_container(OmegaConf.load(CONF / "train" / "best.yaml")))
H100 = Device("GPU:0", "NVIDIA H100", (9, 0))
SECOND = Device("GPU:1", "NVIDIA H100", (9, 0))
OLD = Device("GPU:0", "NVIDIA GeForce GTX 1080", (6, 1))


def test_without_a_gpu_it_is_the_cpu_and_repeatable() -> None:
    placement = choose(TRAIN, [])
    assert str(placement) == "the CPU, float32"
    assert placement.warnings == () and not placement.mirrored and placement.varies_because is None


def test_of_several_gpus_the_first_is_taken_and_named() -> None:
    placement = choose(replace(TRAIN, precision="mixed_float16", xla=True), [H100, SECOND])
    assert str(placement) == (
        "GPU:0 (NVIDIA H100), mixed_float16, XLA; not repeatable to the bit: XLA promises no order of sums"
    )
    assert placement.warnings == ()


def test_a_gpu_by_name() -> None:
    text = str(choose(replace(TRAIN, devices=("GPU:1",)), [H100, SECOND]))
    assert text == (
        "GPU:1 (NVIDIA H100), float32; not repeatable to the bit: "
        "depthwise convolutions have no deterministic gradient on GPUs"
    )
    assert str(choose(replace(TRAIN, devices=("CPU:0",)), [H100])) == "the CPU, float32"


def test_mirrored_takes_all_gpus() -> None:
    placement = choose(replace(TRAIN, strategy="mirrored"), [H100, SECOND])
    assert placement.mirrored
    assert str(placement).startswith(
        "GPU:0 (NVIDIA H100) and GPU:1 (NVIDIA H100), each batch divided, float32"
    )


@pytest.mark.parametrize(
    ("gpus", "said"), [([], "there is no GPU"), ([H100], "GPU:0 (NVIDIA H100) is the only device")]
)
def test_mirrored_without_a_second_device_says_what_it_uses(gpus: list[Device], said: str) -> None:
    placement = choose(replace(TRAIN, strategy="mirrored"), gpus)
    assert not placement.mirrored
    assert placement.warnings == (f"train.strategy=mirrored: {said}; it trains as with train.strategy=none",)


def test_a_gpu_that_is_not_there() -> None:
    with pytest.raises(KwspipeError) as caught:
        choose(replace(TRAIN, devices=("GPU:2",)), [H100])
    assert str(caught.value) == (
        "train.devices: GPU:2, where TensorFlow finds GPU:0 (NVIDIA H100). Allowed: GPU:0, CPU:0. "
        "Next: name one of these, or set train.devices=null"
    )
    with pytest.raises(KwspipeError, match="GPU:0, where TensorFlow finds no GPU"):
        choose(replace(TRAIN, devices=("GPU:0",)), [])


def test_a_batch_that_cannot_be_divided() -> None:
    third = Device("GPU:2", "NVIDIA H100", (9, 0))
    with pytest.raises(KwspipeError) as caught:
        choose(replace(TRAIN, strategy="mirrored"), [H100, SECOND, third])
    assert str(caught.value) == (
        "train.batch_size: 32 clips to divide among 3 devices. Allowed: a multiple of 3, so that each gets as many. "
        "Next: set train.batch_size=30, or name fewer in train.devices"
    )


def test_what_makes_a_cpu_slower_is_said() -> None:
    placement = choose(replace(TRAIN, precision="mixed_bfloat16", xla=True), [])
    assert placement.warnings == (
        "train.precision=mixed_bfloat16 is slower than float32 on a CPU",
        "train.xla=true is slower than without on a CPU",
    )


def test_a_gpu_too_old_for_the_precision_is_said() -> None:
    assert choose(replace(TRAIN, precision="mixed_float16"), [OLD]).warnings == (
        "train.precision=mixed_float16 is not faster than float32 on GPU:0 (NVIDIA GeForce GTX 1080): "
        "its compute capability is 6.1, and Tensor Cores do it from 7.0 on",
    )
    assert choose(TRAIN, [OLD]).warnings == ()


def test_a_driver_without_gpus_is_said_unless_the_cpu_was_asked_for() -> None:
    assert choose(TRAIN, [], driver=True).warnings == (
        "there is an NVIDIA driver, but TensorFlow finds no GPU: "
        "pip install 'kwspipe[gpu]' brings CUDA's libraries",
    )
    assert choose(replace(TRAIN, devices=("CPU:0",)), [], driver=True).warnings == ()


def test_impossible_combinations_are_refused_before_anything_starts() -> None:
    def text(*overrides: str) -> str:
        return problems("+experiment=digits_3", *overrides)

    assert (
        "xla=true and strategy=mirrored: TensorFlow cannot compile a step of several devices; leave out"
        in (text("train.xla=true", "train.strategy=mirrored"))
    )
    assert (
        "devices names 2, and strategy=none trains on one; name one, or set train.strategy=mirrored"
        in text("train.devices=[GPU:0,GPU:1]")
    )
    assert "devices names one twice: GPU:0, GPU:0" in text(
        "train.devices=[GPU:0,GPU:0]", "train.strategy=mirrored"
    )
    assert "GPUs or the CPU, not both: the slower would hold up the others" in text(
        "train.devices=[GPU:0,CPU:0]", "train.strategy=mirrored"
    )
    assert "train.precision: received 'float16'" in text("train.precision=float16")
    assert "train.devices.0: received 'gpu0'" in text("train.devices=[gpu0]")


def test_devices_are_given_on_the_command_line() -> None:
    config = parse(composed("+experiment=digits_3", "train.devices=[GPU:0,GPU:1]", "train.strategy=mirrored"))
    assert config.train.devices == ("GPU:0", "GPU:1")


def test_the_manifest_is_told_once_for_the_same_device(tmp_path: Path) -> None:
    cpu = choose(TRAIN, [])
    cpu.note(tmp_path, 0)
    before = (tmp_path / FACTS).read_bytes()
    cpu.note(tmp_path, 3)  # killed, and gone on
    assert (tmp_path / FACTS).read_bytes() == before
    assert json.loads(before) == {
        "deterministic": True,
        "trained": [
            {
                "from_epoch": 0, "devices": ["CPU"], "parts": 1, "precision": "float32", "xla": False,
                "deterministic": True, "varies_because": None,
            }
        ],
    }  # fmt: skip


def test_the_manifest_is_told_of_another_device_and_that_bits_vary(tmp_path: Path) -> None:
    choose(TRAIN, []).note(tmp_path, 0)
    choose(TRAIN, [H100]).note(tmp_path, 3)
    facts = json.loads((tmp_path / FACTS).read_text())
    assert not facts["deterministic"]
    assert [(entry["from_epoch"], entry["devices"]) for entry in facts["trained"]] == [
        (0, ["CPU"]),
        (3, ["GPU:0 (NVIDIA H100)"]),
    ]
    choose(TRAIN, []).note(tmp_path, 0)  # nothing of the earlier attempts is left
    assert json.loads((tmp_path / FACTS).read_text())["deterministic"]
