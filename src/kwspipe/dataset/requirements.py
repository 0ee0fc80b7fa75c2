"""Requirements of a data set that are checked before the first stage: words, folders, speakers, synthesizers.

The checks list folders and decode no recordings. Recordings that cannot be used are found by ``prepare`` only.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from kwspipe.config import DatasetConfig, FrontendConfig
from kwspipe.dataset import blocklist
from kwspipe.dataset.keyword_free import alignment
from kwspipe.dataset.listing import Listing
from kwspipe.dataset.recordings import SPLITS, Found, Source, Split, normalize_name
from kwspipe.dataset.selection import other_words
from kwspipe.dataset.sources.folder import NOISE_FOLDER, FolderSource
from kwspipe.dataset.sources.mswc import MswcSource
from kwspipe.dataset.sources.root_folders import root_errors
from kwspipe.dataset.sources.source_factory import available_source
from kwspipe.dataset.sources.speech_commands import SpeechCommandsSource
from kwspipe.dataset.splits import assign_configured_splits
from kwspipe.dataset.tts import espeak, kokoro
from kwspipe.dataset.word_errors import no_such_word, word_errors
from kwspipe.errors import KwspipeError

MAX_SPEAKERS_SHOWN = 5
NAMES_REMEDY = "the speaker is the part of the file name before _nohash_ or before the last _"


def dataset_errors(dataset: DatasetConfig, frontend: FrontendConfig, seed: int) -> list[KwspipeError]:
    """Returns one error for each requirement that the data set does not fulfil.

    Args:
        dataset: classes and sources.
        frontend: length of a clip.
        seed: seed of the selection of recordings.
    """
    errors = [*word_errors(dataset), *root_errors(dataset), *_package_errors(dataset)]
    if dataset.negative_roots and dataset.omitted_keywords == "passages":
        errors += _caught(lambda: alignment.check(frontend.sample_rate_hz))
    errors += _caught(lambda: blocklist.load(dataset.bad_files))
    try:
        source = available_source(dataset, frontend, seed)
    except KwspipeError as error:
        return [*errors, error]
    folder = _folder_of(source)
    if folder is not None:
        return [*errors, *_recording_errors(folder, dataset)]
    if isinstance(source, MswcSource) and _lacks_noise(dataset, ()):
        errors.append(_no_noise("the Multilingual Spoken Words Corpus has none"))
    return errors


def _folder_of(source: Source) -> FolderSource | None:
    """Returns the folder of a source whose recordings are files that exist already."""
    if isinstance(source, FolderSource):
        return source
    if isinstance(source, SpeechCommandsSource) and source.folder.is_dir():
        return FolderSource(source.folder)
    return None


def _package_errors(dataset: DatasetConfig) -> Iterator[KwspipeError]:
    uses_speech = "synthetic" in dataset.sources or dataset.synthetic_training_clips_per_word > 0
    if dataset.synthetic_training_clips_per_word > 0 and not espeak.is_installed():
        yield KwspipeError(
            "dataset.synthetic_training_clips_per_word",
            f"{dataset.synthetic_training_clips_per_word}, but espeak-ng is not installed",
            "0, or an engine that is installed",
            "pip install 'kwspipe[synthetic]'",
        )
    if uses_speech and "kokoro" in dataset.synthetic.engines and not kokoro.is_installed():
        yield KwspipeError(
            "dataset.synthetic.engines",
            "kokoro, which is not installed",
            "an engine that is installed",
            "pip install 'kwspipe[neural]', or remove kokoro",
        )
    uses_phonemes = dataset.negatives.similarity == "phonemes" and dataset.negatives.near_miss_ratio > 0
    if uses_phonemes and not espeak.is_installed():
        yield KwspipeError(
            "dataset.negatives.similarity",
            "phonemes, but espeak-ng is not installed",
            "spelling, or phonemes with the extra `synthetic`",
            "pip install 'kwspipe[synthetic]', or set dataset.negatives.similarity=spelling",
        )


def _recording_errors(source: FolderSource, dataset: DatasetConfig) -> list[KwspipeError]:
    try:
        found = source.find()
        recordings = assign_configured_splits(found, dataset)
    except KwspipeError as error:  # faulty split lists
        return [error]
    assert source.root is not None  # the source has recordings
    by_word = recordings.by_word()
    errors = [*_keyword_errors(source.root, found, by_word, dataset)]
    if not errors:
        errors += _split_errors(found, by_word, dataset)
    if dataset.unknown_class_percentage > 0:
        errors += _caught(lambda: other_words(by_word, dataset, source.root))
    if _lacks_noise(dataset, found.noise):
        errors.append(_no_noise(f"{source.root} has no recordings in {NOISE_FOLDER}"))
    return errors


def _keyword_errors(
    root: Path, found: Found, by_word: Mapping[str, Listing], dataset: DatasetConfig
) -> Iterator[KwspipeError]:
    for index, word in enumerate(map(normalize_name, dataset.words)):
        where = f"dataset.words.{index}"
        if word not in by_word:
            yield no_such_word(where, word, by_word, root)
        elif not len(by_word[word].in_split("training")):
            speakers = {recording.speaker for recording in by_word[word]}
            splits = sorted({str(recording.split) for recording in by_word[word]})
            yield KwspipeError(
                where,
                f"{word!r} has no recordings in training: its {len(by_word[word])} recording(s) are by "
                f"{_named(speakers)}, assigned to {' and '.join(splits)}",
                "recordings by at least one speaker of training; each speaker belongs to one split",
                f"add recordings of {word!r} by more speakers, or remove the word ({NAMES_REMEDY})",
            )


def _split_errors(
    found: Found, by_word: Mapping[str, Listing], dataset: DatasetConfig
) -> Iterator[KwspipeError]:
    keywords = [by_word[normalize_name(word)] for word in dataset.words]
    fractions: dict[Split, float] = {
        "training": 1.0,
        "validation": dataset.validation_fraction,
        "testing": dataset.testing_fraction,
    }
    required = [split for split in SPLITS if fractions[split] > 0 or split in found.listed]
    empty = [split for split in required if not any(len(members.in_split(split)) for members in keywords)]
    if not empty:
        return
    speakers = {recording.speaker for members in keywords for recording in members}
    yield KwspipeError(
        "dataset.words",
        f"no recording of a keyword in {' and '.join(empty)}; the keywords are spoken by {_named(speakers)}",
        "at least three speakers, because each speaker belongs to one split",
        f"add recordings by other speakers, or correct the names of the files: {NAMES_REMEDY}",
    )


def _lacks_noise(dataset: DatasetConfig, noise: object) -> bool:
    return dataset.silence_class_ratio > 0 and not noise and not dataset.noise_roots


def _no_noise(reason: str) -> KwspipeError:
    return KwspipeError(
        "dataset.noise_roots",
        f"no background noise, which is required for _silence_; {reason}",
        f"recordings in <root>/{NOISE_FOLDER} or below a folder in dataset.noise_roots",
        "add recordings, or set dataset.silence_class_ratio=0",
    )


def _named(speakers: set[str]) -> str:
    shown = ", ".join(sorted(speakers)[:MAX_SPEAKERS_SHOWN])
    more = ", ..." if len(speakers) > MAX_SPEAKERS_SHOWN else ""
    return f"{len(speakers)} speaker(s) ({shown}{more})"


def _caught(check: Callable[[], object]) -> list[KwspipeError]:
    try:
        check()
    except KwspipeError as error:
        return [error]
    return []
