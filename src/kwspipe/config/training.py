"""Configuration of features, augmentation, distillation, schedule, training loop and conversion."""

from typing import Annotated, Any, Literal

from pydantic import Field

from kwspipe.config.types import Count, Fraction, NotNegative, typed


@typed
class FrontendConfig:
    """Settings of the audio front end, with the names of the vendor's tools."""

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
    """Placement and transforms of a training clip before its features are computed."""

    placement: Literal["random", "center"]
    transforms: tuple[dict[str, Any], ...]


@typed
class NoTeacherConfig:
    """No teacher."""

    name: Literal["none"]


@typed
class SpeechEmbeddingConfig:
    """Google's speech embedding as the teacher.

    Attributes:
        weight: weight of the embedding loss relative to the loss of the labels.
        dimensions: number of principal components of the 864 values of an embedding.
        posteriors_weight: share of the posteriors of a linear layer on the embedding in the targets.
        cache_dir: folder of the embeddings of the clips of a store.
    """

    name: Literal["speech_embedding"]
    weight: Annotated[float, Field(gt=0)]
    dimensions: Annotated[int, Field(ge=1, le=864)]
    posteriors_weight: Fraction
    cache_dir: str


DistillConfig = Annotated[NoTeacherConfig | SpeechEmbeddingConfig, Field(discriminator="name")]


@typed
class ExponentialScheduleConfig:
    """Learning rate ``initial_learning_rate * decay ** epoch``."""

    name: Literal["exponential"]
    initial_learning_rate: Annotated[float, Field(gt=0, le=1)]
    decay: Annotated[float, Field(gt=0, le=1)]


@typed
class CosineScheduleConfig:
    """Learning rate along half a cosine.

    Attributes:
        decay: final learning rate, as a share of the initial one.
        warmup_epochs: epochs over which the rate increases linearly to the initial one.
    """

    name: Literal["cosine"]
    initial_learning_rate: Annotated[float, Field(gt=0, le=1)]
    decay: Annotated[float, Field(gt=0, le=1)]
    warmup_epochs: Annotated[int, Field(ge=0)]


ScheduleConfig = Annotated[ExponentialScheduleConfig | CosineScheduleConfig, Field(discriminator="name")]


@typed
class TrainConfig:
    """The training loop.

    Attributes:
        num_auxiliary_word_classes: number of other words that are separate classes during training. They are those with
            the most clips (``training/training_classes.py``).
        class_weights: weight of the loss of a clip: ``balanced`` gives each label the same total weight.
        label_smoothing: share of the target that is distributed over all classes.
        mixup_alpha: parameter of the Beta distribution that mixes pairs of clips; 0 disables mixup.
        weight_decay: share of a weight that is subtracted per step, times the learning rate.
        ema_decay: decay of the moving average of the weights, which is validated and kept; 0 disables the average.
        monitor: metric that decides which epoch is kept.
        early_stop_patience: epochs without improvement after which training ends; None: never.
        workers: processes for augmentation and features.
        threads: threads of TensorFlow.
        precision: precision of the arithmetic. Weights and softmax are always float32.
    """

    epochs: Count
    batch_size: Count
    num_auxiliary_word_classes: Annotated[int, Field(ge=0)]
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


@typed
class QuantizeConfig:
    """Conversion to int8, and the allowed loss of accuracy."""

    representative_clips: Count
    max_accuracy_drop: Fraction
    count_instructions: bool
