"""Recordings known to be bad, by the sha256 of their files: left out wherever they lie, whatever their name."""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

from kwspipe.audio.pcm import AudioError, Pcm
from kwspipe.dataset.decode import ReadFiles
from kwspipe.dataset.recordings import Recording
from kwspipe.errors import KwspipeError
from kwspipe.files.hashing import file_hash

# The list that comes with kwspipe.
BUNDLED = Path(__file__).with_name("blocklist.txt")
SHA256 = re.compile(r"[0-9a-f]{64}")


def load(paths: Iterable[str]) -> frozenset[str]:
    """Reads the lists of bad files: the shipped one and the user's.

    A list has a sha256 a line, as ``sha256sum`` writes it; what follows the hash is for people. Lines that are empty or
    start with ``#`` are passed over.

    Args:
        paths: ``dataset.bad_files``.

    Returns:
        The hashes, lower case.

    Raises:
        KwspipeError: a list cannot be read, or a line of it has no hash.
    """
    bad = _read(BUNDLED, str(BUNDLED))
    for index, path in enumerate(paths):
        bad |= _read(Path(path).expanduser(), f"dataset.bad_files.{index} ({path})")
    return bad


def exclude_blocked(bad: frozenset[str], read_files: ReadFiles) -> ReadFiles:
    """Returns what reads files as ``read_files`` does, but none whose sha256 is listed."""

    def read(recordings: Iterable[Recording], sample_rate_hz: int) -> Iterator[Pcm | AudioError]:
        faults: deque[AudioError | None] = deque()  # of the recordings taken ahead, in order

        def good() -> Iterator[Recording]:
            for recording in recordings:
                fault = _fault(recording, bad)
                faults.append(fault)
                if fault is None:
                    yield recording

        for pcm in read_files(good(), sample_rate_hz):
            while (fault := faults.popleft()) is not None:
                yield fault
            yield pcm
        yield from (fault for fault in faults if fault is not None)

    return read if bad else read_files


def _fault(recording: Recording, bad: frozenset[str]) -> AudioError | None:
    try:
        listed = file_hash(Path(recording.origin)) in bad
    except OSError:  # reading it will tell why
        return None
    allowed = "recordings not listed there"
    return AudioError(recording.path, "bad_file", "listed in dataset.bad_files", allowed) if listed else None


def _read(path: Path, where: str) -> frozenset[str]:
    allowed = "a text file with a sha256 a line, as sha256sum writes it"
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
        found = SHA256.match(line.lower().removeprefix("\\"))  # sha256sum's mark of an escaped name
        if not found:
            raise KwspipeError(
                where, f"line {number} is {line[:80]!r}", allowed, "correct or comment out the line"
            )
        hashes.add(found[0])
    return frozenset(hashes)
