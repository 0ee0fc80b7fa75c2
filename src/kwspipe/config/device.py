"""Configuration of the detector, the boards, and the stages that use a microphone or a finished model."""

from typing import Annotated, Literal

from pydantic import Field

from kwspipe.config.types import Count, Fraction, NotNegative, Texts, Threshold, Word, Words, typed


@typed
class DetectorConfig:
    """Settings of the streaming detector, embedded in the model."""

    average_window_duration_ms: Annotated[int, Field(ge=0, le=10000)]
    detection_threshold: Threshold
    detection_threshold_list: tuple[Threshold, ...] | None
    target_false_accepts_per_hour: Annotated[float, Field(gt=0)] | None
    max_missed_fraction: Fraction
    per_class_thresholds: bool
    compare_keywords_only: bool
    suppression_ms: Annotated[int, Field(ge=0, le=60000)]
    suppress_same_word_only: bool
    minimum_count: Annotated[int, Field(ge=0, le=255)]
    volume_gain: Annotated[int, Field(ge=0, le=100)]
    latency_ms: Annotated[int, Field(ge=0, le=10000)]
    verbose_model_output_logs: bool

    def __post_init__(self) -> None:
        if self.target_false_accepts_per_hour is not None and self.detection_threshold_list is not None:
            raise ValueError(
                "detection_threshold_list and target_false_accepts_per_hour are both set; set one of them to null"
            )
        if self.minimum_count > self.queue_length:
            raise ValueError(
                f"minimum_count is {self.minimum_count}, but average_window_duration_ms contains at most "
                f"{self.queue_length} inferences at this latency_ms; lower it or lengthen the window"
            )

    @property
    def queue_length(self) -> int:
        """Maximum number of inferences in the averaging window, at most 256. A latency below 10 ms counts as 10 ms."""
        if self.minimum_count == 0:
            return 1
        return min(self.average_window_duration_ms // max(self.latency_ms, 10) + 1, 256)


@typed
class BoardConfig:
    """The board that the model is deployed to."""

    name: Literal["emulated", "brd2601", "host"]
    port: str | None
    golden_inputs: Count
    feed: str | None


@typed
class ImportConfig:
    """An external model, which replaces the stages train and quantize."""

    path: str | None
    labels: Annotated[tuple[str, ...], Field(min_length=1)] | None


@typed
class MineConfig:
    """Search for false accepts, and the clips that are stored."""

    roots: Texts
    threshold: Threshold | None
    margin_ms: Annotated[int, Field(ge=0, le=1000)]
    threads: Count


@typed
class ExportConfig:
    """Names of the model in other firmware."""

    c_name: (
        Annotated[
            str,
            Field(
                pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
                description="a C identifier: letters, digits and '_', beginning with a letter or '_'",
            ),
        ]
        | None
    )


@typed
class ListenConfig:
    """Audio input of the stage ``listen``, and the detections that are stored."""

    source: str | None
    on: Literal["pc", "board"]
    device: str | None
    latency_ms: Annotated[int, Field(ge=10, le=10000)] | None
    duration_s: Annotated[float, Field(gt=0)] | None
    realtime: bool
    dump_dir: str | None


@typed
class RecordConfig:
    """A recording session: speaker, number of takes, and the limits that a take has to meet."""

    speaker: Word | None
    words: Words
    takes: Count
    take_s: Annotated[float, Field(ge=0.5, le=30)]
    pause_s: Annotated[float, Field(ge=0.1, le=30)]
    noise_s: Annotated[float, Field(ge=0, le=3600)]
    device: str | None
    max_retakes: Annotated[int, Field(ge=0)]
    min_peak_db: Annotated[float, Field(le=0)]
    min_snr_db: NotNegative
    min_word_ms: Count
    max_word_ms: Count

    def __post_init__(self) -> None:
        if self.speaker is not None and "_nohash_" in self.speaker:
            raise ValueError(
                f"speaker is {self.speaker!r}; it must not contain _nohash_, which ends the speaker in a file name"
            )
        if not self.min_word_ms < self.max_word_ms < self.take_s * 1000:
            raise ValueError(
                f"min_word_ms, max_word_ms and take_s are {self.min_word_ms} ms, {self.max_word_ms} ms and "
                f"{self.take_s:g} s; each must be smaller than the next"
            )
