"""Names of speakers in the file names of speech corpora."""

import re

# Forms of file names without extension. The group `speaker` is the name of the speaker.
# Speech Commands: README of v0.02. LibriSpeech: <speaker>-<chapter>-<utterance>. VCTK: p<speaker>_<text>.
# AN4: <utterance>-<speaker>-b.
_FORMS = (
    re.compile(r"(?P<speaker>.+)_nohash_\d+"),
    re.compile(r"(?P<speaker>\d+)-\d+-\d{4}"),
    re.compile(r"(?P<speaker>[ps]\d+)_\d+(_mic\d)?"),
    re.compile(r"\w+-(?P<speaker>[fm][a-z]{3}\d?)-b"),
)


def speaker_in_name(stem: str) -> str | None:
    """Returns the speaker that the file name of a known corpus contains, None for other file names.

    Args:
        stem: file name without folder and extension.
    """
    for form in _FORMS:
        if match := form.fullmatch(stem):
            return match["speaker"]
    return None
