"""Assessment of the streams, and the measures that improve poor figures."""

from collections.abc import Callable
from typing import Any

import pytest

from kwspipe.config import PipelineConfig
from kwspipe.config.parse import parse
from kwspipe.pipeline.summary.advice import SPEECH, assess
from kwspipe.streaming.figures import NAMES
from support.composed import composed as compose
from support.streaming_metrics import streaming_metrics

Compose = Callable[..., PipelineConfig]


@pytest.fixture(scope="module")
def config_of() -> Compose:
    def composed(*overrides: str) -> PipelineConfig:
        return parse(compose("+experiment=digits_3", *overrides))

    return composed


def metrics_of(rate: float, interval: tuple[float, float], missed: float, **more: Any) -> dict[str, Any]:
    data = {"synthetic": True, "hard_negatives": {"partial": {"training": 5}}} | more.pop("data", {})
    streaming = streaming_metrics(
        false_accepts_per_hour=rate, false_accepts_interval=interval, false_reject_rate=missed, **more
    )
    return {"data": data, "streaming": streaming}


def test_the_name_of_keyword_free_speech() -> None:
    assert NAMES[("negative",)] == SPEECH


def test_a_custom_word_on_synthetic_speech(config_of: Compose) -> None:
    conditions = [
        {"background": background, "snr_db": snr_db, "false_reject_rate": share}
        for background, snr_db, share in (("none", None, 0.05), ("noise", 10.0, 0.3), ("speech", 10.0, 0.9))
    ]
    metrics = metrics_of(
        19.4, (12.1, 29.4), 0.178, false_accepts_on="other words and noise", per_condition=conditions
    )
    assessment = assess(metrics, config_of())
    assert assessment.poor == (
        "19.4 false accepts per hour (more than 0.5)",
        "17.8 % of the keywords missed (clean 5 %, 10 dB 30 %)",
    )
    assert "0.39 h of other words and noise show at most 29.4" in str(assessment.unproven)
    assert assessment.measures == (
        "speech without keywords: 'dataset.negative_roots=[path/to/talk]'",
        "recordings of many speakers: dataset=folder dataset.root=path/to/speech",
        "mining of false accepts: stages=mine 'mine.roots=[path/to/radio]'",
        "the most accurate network: model=matchboxnet",
    )


def test_measures_in_use_are_left_out(config_of: Compose) -> None:
    config = config_of("model=matchboxnet", "dataset.mined_roots=[mined]")
    data = {"synthetic": False, "hard_negatives": {}}
    assessment = assess(metrics_of(5.0, (2.0, 9.0), 0.05, data=data, chosen={"threshold": 231}), config)
    assert assessment.measures == (
        "hard negatives: dataset/negatives=default",
        "recordings of more speakers",
        "more missed keywords in exchange: detector.target_false_accepts_per_hour, below 0.5",
    )
    missed = assess(metrics_of(0.2, (0.0, 0.4), 0.3, data=data), config)
    assert missed.poor == ("30.0 % of the keywords missed",)
    assert missed.measures[-1] == "more false accepts in exchange: detector.detection_threshold, below 231"


@pytest.mark.parametrize(
    ("rate", "interval", "is_poor"),
    [(2.0, (0.3, 7.0), False), (0.9, (0.6, 1.2), False), (2.0, (0.6, 7.0), True)],
)
def test_a_rate_is_poor_only_if_its_interval_shows_it(
    config_of: Compose, rate: float, interval: tuple[float, float], is_poor: bool
) -> None:
    assert bool(assess(metrics_of(rate, interval, 0.05), config_of()).poor) == is_poor


def test_too_little_audio_names_the_required_duration(config_of: Compose) -> None:
    assert assess(metrics_of(0.0, (0.0, 9.4), 0.05), config_of()).unproven == (
        "0.39 h of speech without keywords show at most 9.4 false accepts per hour. A proof of 0.5 per hour "
        "requires 6.0 h of speech without a false accept"
    )
    long = assess(metrics_of(0.4, (0.1, 1.2), 0.05, hours=8.0), config_of())
    assert long.unproven == "At most 1.2 false accepts per hour are shown (95 %), the target is 0.5"
    assert assess(metrics_of(0.1, (0.0, 0.3), 0.05, hours=20.0), config_of()).unproven is None
    assert assess(metrics_of(9.0, (7.0, 11.0), 0.05, hours=8.0), config_of()).unproven is None  # it is poor


def test_an_imported_model_is_not_trained(config_of: Compose) -> None:
    config = config_of("import.path=model.tflite", "detector.target_false_accepts_per_hour=null")
    metrics = metrics_of(30.0, (20.0, 40.0), 0.05, false_accepts_on="noise")
    assessment = assess(metrics, config)
    assert assessment.poor == ("30.0 false accepts per hour (more than 1)",)
    assert assessment.measures == (
        "speech without keywords: 'dataset.negative_roots=[path/to/talk]' detector.target_false_accepts_per_hour=0.5",
        "more missed keywords in exchange: detector.detection_threshold, above 231",
    )


def test_streams_without_figures(config_of: Compose) -> None:
    assert assess({"streaming": {"false_accepts_per_hour": None}}, config_of()).poor == ()
