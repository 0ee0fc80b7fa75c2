"""What is learned: features, augmentation, network, checkpoint, schedule, loop, conversion."""

from typing import Annotated, Any, Literal

from pydantic import Field

from kwspipe.config.types import Count, Fraction, NotNegative, Texts, typed


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


@typed
class MatchboxNetConfig:
    """Residual blocks of separable convolutions over time."""

    name: Literal["matchboxnet"]
    filters: Annotated[tuple[Count, ...], Field(min_length=1)]
    blocks: Count
    layers_per_block: Count
    kernel_frames: Count
    batch_norm_momentum: Annotated[float, Field(gt=0, lt=1)]


# The name of the model says which of them a mapping is.
ModelConfig = Annotated[
    MobileNetV2Config | TcResNetConfig | MatchboxNetConfig | DsCnnConfig, Field(discriminator="name")
]


@typed
class TransferConfig:
    """The checkpoint that training starts from.

    Attributes:
        skip_mismatch: layers that do not fit keep their initial weights. If false, they are an error.
        class_outputs: copies the output layer per class, if the classes of the checkpoint are known.
        freeze: names or patterns of layers that are not trained.
    """

    source: Literal["none", "bundled", "url", "path"]
    path: str | None
    url: str | None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None
    cache_dir: str
    skip_mismatch: bool
    class_outputs: bool
    freeze: Texts


@typed
class NoTeacherConfig:
    """Labels alone."""

    name: Literal["none"]


@typed
class SpeechEmbeddingConfig:
    """Google's speech embedding as the teacher.

    Attributes:
        weight: of the teacher's error against the loss of the labels.
        dimensions: principal components of what it says, of 864 numbers.
        posteriors_weight: share that the posteriors of a linear layer on its numbers have in what is taught.
        cache_dir: keeps what it said of the clips of a store.
    """

    name: Literal["speech_embedding"]
    weight: Annotated[float, Field(gt=0)]
    dimensions: Annotated[int, Field(ge=1, le=864)]
    posteriors_weight: Fraction
    cache_dir: str


DistillConfig = Annotated[NoTeacherConfig | SpeechEmbeddingConfig, Field(discriminator="name")]


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


# In TensorFlow's numbering of what CUDA_VISIBLE_DEVICES leaves.
DeviceName = Annotated[str, Field(pattern=r"^(GPU|CPU):\d{1,3}$")]


@typed
class TrainConfig:
    """The training loop, and what it runs on (``training/devices.py``).

    Attributes:
        other_words_apart: so many of the other words, those with the most clips, are classes of their own while the
            network is taught (``training/classes.py``).
        precision: of the network's arithmetic; weights and softmax are float32 in any case.
        xla: compile the step by XLA.
        strategy: ``mirrored`` divides each batch among several devices.
        devices: to train on; None: the first GPU, or all of them if mirrored, or the CPU where there is none. Several
            of the CPU are parts of it, to try ``mirrored`` without a GPU.
    """

    epochs: Count
    batch_size: Count
    other_words_apart: Annotated[int, Field(ge=0)]
    class_weights: Literal["balanced", "none"]
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]
    mixup_alpha: NotNegative
    weight_decay: NotNegative
    ema_decay: Annotated[float, Field(ge=0, lt=1)]
    monitor: Literal["val_balanced_accuracy", "val_loss"]
    early_stop_patience: Count | None
    tensorboard: bool
    workers: Count
    threads: Count
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"]
    xla: bool
    strategy: Literal["none", "mirrored"]
    devices: Annotated[tuple[DeviceName, ...], Field(min_length=1)] | None

    def __post_init__(self) -> None:
        named = self.devices or ()
        if len(set(named)) < len(named):
            raise ValueError(f"devices names one twice: {', '.join(named)}")
        if len({name[:3] for name in named}) > 1:
            raise ValueError(
                f"devices is {', '.join(named)}; GPUs or the CPU, not both: the slower would hold up the others"
            )
        if len(named) > 1 and self.strategy == "none":
            raise ValueError(
                f"devices names {len(named)}, and strategy=none trains on one; "
                "name one, or set train.strategy=mirrored"
            )
        if self.xla and self.strategy == "mirrored":
            raise ValueError(
                "xla=true and strategy=mirrored: TensorFlow cannot compile a step of several devices; "
                "leave out one of them"
            )


@typed
class QuantizeConfig:
    """Conversion to int8, and the loss it may cost."""

    representative_clips: Count
    max_accuracy_drop: Fraction
    count_instructions: bool
