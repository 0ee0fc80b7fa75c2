"""Selection of keyword-free recordings by their transcripts."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Literal

from kwspipe.dataset.keyword_free.speaker_names import speaker_in_name
from kwspipe.dataset.keyword_free.transcripts import KeywordFinder, read_transcripts
from kwspipe.dataset.recordings import Recording, Rejected

Omitted = Literal["recordings", "passages"]


class TranscribedSpeech:
    """Recordings of speech of which some have transcripts.

    Args:
        keywords: the keywords of the experiment.
        omitted: omit the recordings with a keyword in their transcript, or only the passages of the keywords.
    """

    def __init__(self, keywords: Sequence[str], omitted: Omitted) -> None:
        self.finder, self.omitted = KeywordFinder(tuple(keywords)), omitted
        self._transcripts = cache(read_transcripts)

    def select(self, recordings: Iterable[Recording]) -> tuple[list[Recording], list[Rejected]]:
        """Returns the recordings to use, with speakers from their file names, and the omitted ones.

        The content of a recording with keywords includes its transcript, because its parts depend on it.
        """
        kept, rejected = [], []
        for recording in recordings:
            speaker = speaker_in_name(Path(recording.origin).stem) or recording.speaker
            named = replace(recording, speaker=speaker)
            words = self.words(recording) or ()
            found = self.finder.find(words)
            if not found:
                kept.append(named)
            elif self.omitted == "passages":
                kept.append(replace(named, content=f"{named.content} {' '.join(words)}"))
            else:
                keywords = ", ".join(" ".join(words[first:end]) for first, end in found)
                rejected.append(Rejected(recording.path, "", "contains_keyword", keywords))
        return kept, rejected

    def words(self, recording: Recording) -> tuple[str, ...] | None:
        """Returns the words of a recording, None without a transcript."""
        file = Path(recording.origin)
        return self._transcripts(file.parent).get(file.stem)
