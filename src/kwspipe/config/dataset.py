"""Settings of the data set: sources of recordings, synthetic speech, hard negatives and decoding."""

import re
from typing import Annotated, Literal

from pydantic import Field

from kwspipe.config.types import (
    Count,
    EngineName,
    Fraction,
    HalfFraction,
    NotNegative,
    Sha256,
    SourceName,
    Texts,
    Urls,
    Word,
    Words,
    typed,
)


@typed
class SpeechCommandsConfig:
    """Download addresses, size and checksum of Google Speech Commands v0.02."""

    download: bool
    urls: Urls
    size_bytes: Count
    sha256: Sha256
    cache_dir: str


@typed
class MswcConfig:
    """Language, download addresses and checksums of the Multilingual Spoken Words Corpus."""

    download: bool
    language: Annotated[
        str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z]+)*$", description="a language code such as de or sv-SE")
    ]
    audio_urls: Urls
    audio_sha256: Sha256 | None
    splits_urls: Urls
    splits_sha256: Sha256 | None
    max_other_words: Count
    max_clips_per_other_word: Count
    cache_dir: str


@typed
class KokoroConfig:
    """Voices of the neural speech synthesizer Kokoro, and the package that contains them."""

    voices: Texts
    max_speakers: Count
    min_speed: Annotated[float, Field(ge=0.5, le=2)]
    max_speed: Annotated[float, Field(ge=0.5, le=2)]
    voices_package: Annotated[
        str,
        Field(
            pattern=r"^[a-z0-9._-]+@[0-9][A-Za-z0-9.-]*$",
            description="an npm package with its version, such as kokoro-js@1.2.1",
        ),
    ]
    voices_sha256: Sha256
    cache_dir: str

    def __post_init__(self) -> None:
        if self.min_speed > self.max_speed:
            raise ValueError(f"min_speed is {self.min_speed:g}, above max_speed, {self.max_speed:g}")


@typed
class SyntheticConfig:
    """Synthetic speech: synthesizers, other words, voices and the cache folder."""

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
        without_share = [name for name in self.engines if name not in self.shares]
        if without_share or len(set(self.engines)) < len(self.engines):
            raise ValueError(f"engines is {list(self.engines)}; each once, and each with a number in shares")


@typed
class NegativesConfig:
    """Hard negatives. Their numbers are relative to the number of regular clips of their class."""

    partial_ratio: NotNegative
    ending_ratio: NotNegative
    several_ratio: NotNegative
    babble_ratio: NotNegative
    near_miss_ratio: NotNegative
    speech_ratio: NotNegative
    colour_ratio: NotNegative
    click_ratio: NotNegative
    level_ratio: NotNegative
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

    def ratio(self, kind: str) -> float:
        """Returns the number of clips of a kind relative to the regular clips; 0 for kinds without a setting."""
        return float(getattr(self, f"{kind}_ratio", 0.0))


@typed
class DatasetConfig:
    """Classes, sources of their clips, splits and checks of the recordings."""

    words: Annotated[tuple[Word, ...], Field(min_length=1)]
    sources: Annotated[tuple[SourceName, ...], Field(min_length=1)]
    root: str | None
    noise_roots: Texts
    negative_roots: Texts
    mined_roots: Texts
    omitted_keywords: Literal["recordings", "passages"]
    negative_validation_fraction: Fraction
    negative_testing_fraction: Fraction
    unknown_words: Words
    unknown_class_percentage: NotNegative
    silence_class_ratio: NotNegative
    zero_silence_fraction: Fraction
    min_evaluation_clips: Annotated[int, Field(ge=0)]
    max_clips_per_word: Count | None
    max_training_clips_per_word: Count | None
    synthetic_training_clips_per_word: Annotated[int, Field(ge=0)]
    validation_fraction: HalfFraction
    testing_fraction: HalfFraction
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
        total = self.negative_validation_fraction + self.negative_testing_fraction
        if total > 1:
            raise ValueError(
                f"the sum of negative_validation_fraction and negative_testing_fraction is {total:g}; "
                "at most 1"
            )


@typed
class LocalRuntimeConfig:
    """Decoding on all cores of this machine."""

    name: Literal["local"]


@typed
class RayRuntimeConfig:
    """Decoding on a Ray cluster. The result is the same as that of ``LocalRuntimeConfig``.

    Attributes:
        address: ``auto``, ``local``, or ``<host>:<port>`` of the head node.
        files_per_task: recordings that a node decodes per task.
    """

    name: Literal["ray"]
    address: str
    files_per_task: Count

    def __post_init__(self) -> None:
        if not re.fullmatch(r"auto|local|[^\s:/]+:\d{1,5}", self.address):
            raise ValueError(
                f"address is {self.address!r}; allowed: auto, local, or the head node's <host>:<port>"
            )


RuntimeConfig = Annotated[LocalRuntimeConfig | RayRuntimeConfig, Field(discriminator="name")]
