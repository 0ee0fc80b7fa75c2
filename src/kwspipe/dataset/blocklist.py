"""Blocklist of recordings, by the sha256 of their files: excludes them from every source, under any name."""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

from kwspipe.audio.pcm import AudioError, Pcm
from kwspipe.dataset.decode import ReadFiles
from kwspipe.dataset.recordings import Recording
from kwspipe.errors import KwspipeError
from kwspipe.files.hashing import file_hash

# The list that is part of kwspipe.
BUNDLED = Path(__file__).with_name("blocklist.txt")
SHA256 = re.compile(r"[0-9a-f]{64}")


def load(paths: Iterable[str]) -> frozenset[str]:
    """Reads the bundled blocklist and those of the user.

    A blocklist has one sha256 per line, in the output format of ``sha256sum``. The rest of the line after the hash is a
    comment. Empty lines and lines that start with ``#`` are ignored.

    Args:
        paths: ``dataset.bad_files``.

    Returns:
        The hashes in lower case.

    Raises:
        KwspipeError: a list cannot be read, or one of its lines has no hash.
    """
    hashes = _read_hashes(BUNDLED, str(BUNDLED))
    for index, path in enumerate(paths):
        hashes |= _read_hashes(Path(path).expanduser(), f"dataset.bad_files.{index} ({path})")
    return hashes


def exclude_blocked(hashes: frozenset[str], read_files: ReadFiles) -> ReadFiles:
    """Returns a function that reads as ``read_files`` and yields an error for each file whose hash is listed.

    Args:
        hashes: see ``load``.
        read_files: the function that decodes the other files.
    """

    def read(recordings: Iterable[Recording], sample_rate_hz: int) -> Iterator[Pcm | AudioError]:
        # For each recording that read_files has taken but not yet returned: its error, or None.
        faults: deque[AudioError | None] = deque()

        def accepted() -> Iterator[Recording]:
            for recording in recordings:
                fault = _fault(recording, hashes)
                faults.append(fault)
                if fault is None:
                    yield recording

        for pcm in read_files(accepted(), sample_rate_hz):
            while (fault := faults.popleft()) is not None:
                yield fault
            yield pcm
        yield from (fault for fault in faults if fault is not None)

    return read if hashes else read_files


def _fault(recording: Recording, hashes: frozenset[str]) -> AudioError | None:
    try:
        listed = file_hash(Path(recording.origin)) in hashes
    except OSError:  # read_files reports the error
        return None
    allowed = "recordings that are not listed there"
    return AudioError(recording.path, "bad_file", "listed in dataset.bad_files", allowed) if listed else None


def _read_hashes(path: Path, where: str) -> frozenset[str]:
    """Returns the hashes of one list; ``where`` names the list in an error."""
    allowed = "a text file with one sha256 per line, in the output format of sha256sum"
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise KwspipeError(
            where, f"it cannot be read ({reason})", allowed, "correct the path or the file"
        ) from None
    hashes = set()
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        match = SHA256.match(line.lower().removeprefix("\\"))  # sha256sum marks an escaped file name with "\"
        if not match:
            raise KwspipeError(
                where, f"line {number} is {line[:80]!r}", allowed, "correct or comment out the line"
            )
        hashes.add(match[0])
    return frozenset(hashes)
