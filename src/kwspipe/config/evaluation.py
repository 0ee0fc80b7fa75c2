"""Configuration of evaluation, streams, comparison, pages and tracking."""

from typing import Annotated, Literal

from pydantic import Field

from kwspipe.config.types import Count, Fraction, NotNegative, Texts, typed


@typed
class EvaluateConfig:
    """Metrics of the test split."""

    max_mistakes: Annotated[int, Field(ge=0)]
    snr_db: tuple[Annotated[float, Field(ge=-20, le=60)], ...]


@typed
class StreamConfig:
    """Streams composed of words, noise and speech, for the metrics of continuous audio."""

    snr_db: tuple[Annotated[float, Field(ge=-20, le=60)], ...]
    words_minutes: Annotated[float, Field(gt=0)]
    max_words_minutes: Annotated[float, Field(gt=0)]
    max_repeats: Count
    unknown_ratio: Fraction
    min_gap_ms: Count
    max_gap_ms: Count
    hit_window_ms: Count
    noise_floor_db: Annotated[float, Field(ge=-96, le=0)]
    max_minutes: NotNegative
    bootstrap_rounds: Count
    threads: Count

    def __post_init__(self) -> None:
        if not self.hit_window_ms <= self.min_gap_ms <= self.max_gap_ms:
            raise ValueError(
                f"min_gap_ms ({self.min_gap_ms}) must be at least hit_window_ms ({self.hit_window_ms}), so that a "
                f"detection belongs to one word, and at most max_gap_ms ({self.max_gap_ms})"
            )


@typed
class CompareConfig:
    """Comparison of runs."""

    runs: Texts
    clips: Literal["same", "common"]
    alpha: Annotated[float, Field(gt=0, lt=1)]


@typed
class InspectConfig:
    """Amount of data on the inspect page."""

    clips_per_class: Annotated[int, Field(ge=0)]
    takes: Annotated[int, Field(ge=0)]
    noise_clips: Annotated[int, Field(ge=0)]
    max_measured_clips: Count
    max_rejected: Annotated[int, Field(ge=0)]


@typed
class ReportConfig:
    """Amount of data on the report page."""

    max_mistakes: Annotated[int, Field(ge=0)]


@typed
class NoTrackingConfig:
    """No experiment tracking."""

    name: Literal["none"]


@typed
class MlflowTrackingConfig:
    """Experiment tracking with MLflow.

    Attributes:
        uri: a SQLite file or the address of a server.
        experiment: name of the MLflow experiment.
    """

    name: Literal["mlflow"]
    uri: str
    experiment: Annotated[str, Field(min_length=1)]


TrackingConfig = Annotated[NoTrackingConfig | MlflowTrackingConfig, Field(discriminator="name")]
