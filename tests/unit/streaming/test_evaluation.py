"""Evaluation of a model image on streams."""

from collections.abc import Callable

import pytest

from kwspipe.compiler import image_format as container
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.errors import KwspipeError
from kwspipe.streaming import curve, evaluation
from kwspipe.streaming.composition import compose
from support.small_model import small_image
from support.streams import RATE_HZ, make_config


def test_an_image_is_evaluated_with_its_thresholds_and_with_others(
    make_store: Callable[..., ClipStore],
) -> None:
    image, config = small_image(1), make_config()
    streams = compose(make_store(), config, "testing", 1)
    given = curve.with_thresholds(container.read_sections(image)[container.DETECTOR], [255] * 4)
    found = evaluation.evaluate(image, streams, config, RATE_HZ, 1, given)
    assert found["threshold"] == 130 and found["thresholds"] == {"one": 130, "two": 130}
    at = next(point for point in reversed(found["det"]) if point["threshold"] <= 130)
    assert at["false_accepts_per_hour"] == found["false_accepts_per_hour"]
    assert at["false_reject_rate"] == found["false_reject_rate"]
    assert found["as_given"]["false_reject_rate"] == 1 and found["as_given"]["threshold"] == 255
    assert found["realtime_factor"] > 0


def test_another_sample_rate_is_an_error(make_store: Callable[..., ClipStore]) -> None:
    with pytest.raises(KwspipeError, match=r"a front end for 16000 Hz. Allowed: 8000 Hz"):
        evaluation.evaluate(small_image(1), [], make_config(), 8000, 1)
