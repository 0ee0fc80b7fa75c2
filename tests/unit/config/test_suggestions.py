"""Suggestions for unknown keys."""

from typing import Any

import pytest

from kwspipe.__main__ import config_groups
from kwspipe.config import schema
from kwspipe.config.common_names import SAME_MEANING
from kwspipe.config.suggestions import about_unknown_key

PLAIN: dict[str, Any] = {
    "model": {"name": "tc_resnet"},
    "schedule": {"name": "exponential"},
    "transfer": {"source": "bundled"},
}


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("train.lr", "Use schedule.initial_learning_rate"),
        ("num_epochs", "Use train.epochs"),
        ("train.batch", "Use train.batch_size"),
        ("train.dropout", "There is no dropout. Against overfitting: augment=strong, "),
        ("optimizer", "The optimizer is not a setting: Adam"),
        ("data-dir", "Use dataset.root"),
        ("run_root", "Use run_dir"),
        ("labels", "Use dataset.words or import.labels"),
        ("checkpoint", "Use transfer.path (with transfer=path or transfer=mltk)"),
        (
            "width_multiplier",
            "Use model.alpha (with model=mobilenet_v2) or model.filters (with model=tc_resnet, ",
        ),
        ("noise", "Use augment=<choice> (--help lists the choices)"),
        ("quantize.threads", "Use mine.threads, stream.threads or train.threads"),
        ("dataset.rot", "Closest known key: dataset.root"),
        ("dataset_rot", "Closest known keys: dataset.root, dataset"),
        ("train.ema_decy", "Closest known key: train.ema_decay"),
        ("model.kernel", "Closest known key: model.kernel_frames"),
        ("dataset.max_clips", "Use dataset.max_clips_per_word"),
        ("xyzzy", "no key has a similar name. --cfg job lists all keys"),
    ],
)
def test_the_key_that_the_user_meant_is_named(key: str, text: str) -> None:
    assert text in about_unknown_key(key, 1, PLAIN)


def test_a_key_of_another_choice_names_the_choice() -> None:
    assert about_unknown_key("model.alpha", 1, PLAIN) == "model.alpha: exists only with model=mobilenet_v2"
    text = about_unknown_key("transfer.path", "x", PLAIN)
    assert text == "transfer.path: exists only with transfer=path or transfer=mltk"


def test_every_suggested_key_exists() -> None:
    known = {key.path for key in schema.all_keys()} | {f"{group}=" for group in config_groups()}
    assert {key for keys in SAME_MEANING.values() for key in keys} <= known
