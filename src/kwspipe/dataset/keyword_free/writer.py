"""Writing of keyword-free speech to a store."""

from collections import deque
from collections.abc import Iterator, Sequence

from kwspipe.audio.pcm import Pcm
from kwspipe.dataset.keyword_free.passages import Transcribed, keyword_free_parts
from kwspipe.dataset.keyword_free.selection import TranscribedSpeech
from kwspipe.dataset.recordings import Recording, Rejected
from kwspipe.dataset.store.clip_store import Segment
from kwspipe.dataset.store.store_builder import StoreBuilder


def write_negative(builder: StoreBuilder, recordings: Sequence[Recording]) -> None:
    """Decodes and writes recordings of speech, or the parts of them that contain no keyword by their transcripts.

    Args:
        builder: builder of the store.
        recordings: the recordings, each with a split.
    """
    speech = TranscribedSpeech(builder.dataset.words, builder.dataset.omitted_keywords)
    with_keywords = {r.path for r in recordings if speech.finder.find(speech.words(r) or ())}
    plain = [recording for recording in recordings if recording.path not in with_keywords]
    for recording, pcm in _read(builder, plain, "negative"):
        _add(builder, recording, pcm, recording.path)
    _write_parts(builder, [r for r in recordings if r.path in with_keywords], speech)


def _write_parts(builder: StoreBuilder, recordings: Sequence[Recording], speech: TranscribedSpeech) -> None:
    read: deque[tuple[Recording, Pcm]] = deque()

    def transcribed() -> Iterator[Transcribed]:
        for recording, pcm in _read(builder, recordings, "keyword-free parts"):
            read.append((recording, pcm))
            yield Transcribed(pcm, speech.words(recording) or ())

    for parts in keyword_free_parts(transcribed(), speech.finder):
        recording, pcm = read.popleft()
        if parts is None:
            detail = "the transcript cannot be aligned with the recording"
            builder.reject(Rejected(recording.path, "", "contains_keyword", detail))
        for start, end in parts or ():
            _add(builder, recording, pcm[start:end], f"{recording.path}@{start}")


def _read(
    builder: StoreBuilder, recordings: Sequence[Recording], title: str
) -> Iterator[tuple[Recording, Pcm]]:
    if recordings:
        samples = builder.read_files(recordings, builder.frontend.sample_rate_hz)
        yield from builder.usable(title, recordings, samples)


def _add(builder: StoreBuilder, recording: Recording, pcm: Pcm, path: str) -> None:
    assert recording.split is not None
    offset = builder.writer.add_negative(pcm, path, recording.split)
    builder.negative.append(Segment(path, recording.split, offset, pcm.size))
