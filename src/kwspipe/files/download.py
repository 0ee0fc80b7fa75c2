"""Downloads that go on where they were cut off, and that are proved whole before they count."""

import errno
import logging
import os
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests
from filelock import FileLock
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from kwspipe.errors import KwspipeError
from kwspipe.files.hashing import file_hash

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 10
READ_TIMEOUT_S = 60
# What of a chunk has arrived is lost when the connection breaks.
CHUNK_BYTES = 1 << 16
# A connection that keeps breaking without a byte between is given up after this many times.
MAX_FRUITLESS_ATTEMPTS = 5
RETRY_WAIT_S = 1.0


class DownloadError(KwspipeError):
    """A download that could not be made; what arrived of it is kept and gone on from."""


class DiskError(DownloadError):
    """The disk cannot take it: another address would not help."""


class CutOff(Exception):  # noqa: N818  (caught here, and tried again)
    """The connection ended before the file did."""


def fetch(urls: str | Sequence[str], target: Path, sha256: str | None, size_bytes: int | None = None) -> Path:
    """Downloads a file, unless it is there already.

    Bytes arrive in ``<target>.part``; an interrupted download goes on from there. Only what has the right hash
    is renamed to ``target``. Two processes may ask for the same file: the second waits for the first.

    Args:
        urls: http or https; several are tried in turn, each going on with what came from those before.
        target: the file to make; its folder is made too.
        sha256: of the whole file, hexadecimal; None where it is not known, which proves nothing and is warned of.
        size_bytes: of the whole file, where it is known: refuses another file before it is downloaded.

    Returns:
        ``target``.

    Raises:
        DownloadError: no connection, another status than success, another size, no room on the disk.
        KwspipeError: the file arrived whole and is not the one expected.
    """
    mirrors = [urls] if isinstance(urls, str) else list(urls)
    with _translated(mirrors[0], target), FileLock(_lock_path(target)):
        if target.is_file():
            if sha256 is None or file_hash(target) == sha256:
                return target
            log.warning("%s is not what it was when downloaded; it is downloaded again", target)
            target.unlink()
        part = target.with_name(f"{target.name}.part")
        _from_a_mirror(mirrors, target, part, sha256, size_bytes)
        if sha256 is None:
            log.warning(
                "%s is not checked: no sha256 is configured; this one is %s", target.name, file_hash(part)
            )
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(target)
    return target


def remote_size(urls: Sequence[str]) -> int | None:
    """Asks the first server that answers how many bytes a file has; None where none tells."""
    for url in urls:
        try:
            headers = {"Accept-Encoding": "identity"}
            answer = requests.head(url, headers=headers, timeout=CONNECT_TIMEOUT_S, allow_redirects=True)
        except requests.RequestException:
            continue
        length = answer.headers.get("Content-Length", "")
        if answer.status_code == 200 and length.isdecimal():
            return int(length)
    return None


def require_room(folder: Path, needed_bytes: int, what: str) -> None:
    """Raises DiskError where the disk of an existing folder has less than ``needed_bytes`` free."""
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise DiskError(
            str(folder),
            f"{free / 1e9:.2f} GB free on its disk",
            f"{needed_bytes / 1e9:.2f} GB for {what}",
            "make room, or choose a cache_dir on another disk",
        )


def _from_a_mirror(
    urls: Sequence[str], target: Path, part: Path, sha256: str | None, size_bytes: int | None
) -> None:
    """Makes ``part`` whole from the first address that gives the file.

    Raises:
        KwspipeError: none does. With one address its own error, with several the last one's and the others' reasons.
    """
    failures: list[KwspipeError] = []
    for url in urls:
        try:
            with _translated(url, target):
                _fetch_part(url, part, sha256, size_bytes)
            return
        except DiskError:
            raise
        except KwspipeError as error:
            failures.append(error)
            if url != urls[-1]:
                log.warning("%s: %s; the next address is tried", url, error.received)
                if sha256 is None:
                    part.unlink(missing_ok=True)  # nothing would prove that the rest is of the same file
    if len(failures) == 1:
        raise failures[0]
    received = "; ".join(f"{error.where}: {error.received}" for error in failures)
    wrong = next((error for error in failures if not isinstance(error, DownloadError)), None)
    kind = DownloadError if wrong is None else KwspipeError
    last = wrong or failures[-1]
    raise kind(target.name, f"no address gives it ({received})", last.allowed, last.remedy)


def _fetch_part(url: str, part: Path, sha256: str | None, size_bytes: int | None) -> None:
    """Makes ``part`` whole from one address."""
    resumed = _size(part) > 0
    _complete(url, part, size_bytes)
    if sha256 is None:
        return
    if file_hash(part) != sha256 and resumed:
        # What was left there may have been of another version of the file.
        part.unlink()
        _complete(url, part, size_bytes)
    received = file_hash(part)
    if received != sha256:
        part.unlink()
        raise KwspipeError(
            url,
            f"a file of sha256 {received}",
            f"sha256 {sha256}",
            "do not use that file: it is damaged or another one, and was not kept. Try again, or correct the hash",
        )


def _complete(url: str, part: Path, size_bytes: int | None) -> None:
    """Downloads what is missing of ``part``, trying again as long as bytes arrive between the interruptions."""
    if size_bytes is not None and _size(part) > size_bytes:
        part.unlink()
    if _size(part) == size_bytes:
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task(part.name.removesuffix(".part"), total=size_bytes)
        fruitless = 0
        started = False
        while True:
            before = _size(part)
            try:
                for arrived, total in _arriving(url, part, size_bytes):
                    started = True
                    progress.update(task, completed=arrived, total=total)
                return
            except (
                CutOff,
                requests.ConnectionError,
                requests.Timeout,
                requests.exceptions.ChunkedEncodingError,
            ) as error:
                fruitless = 0 if _size(part) > before else fruitless + 1
                # Where nothing was ever reached there is no network: that is told at once.
                if not started or fruitless >= MAX_FRUITLESS_ATTEMPTS:
                    raise
                log.info("Download of %s interrupted (%s); going on", url, _cause(error))
                time.sleep(RETRY_WAIT_S)


def _arriving(url: str, part: Path, size_bytes: int | None) -> Iterator[tuple[int, int | None]]:
    """Appends to ``part`` what one request brings; yields the bytes there are, and how many there will be."""
    start = _size(part)
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    timeout = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
    with requests.get(url, headers=headers, stream=True, timeout=timeout) as response:
        start, total = _offered(response, start)
        if size_bytes is not None and total is not None and total != size_bytes:
            raise _refused(url, f"the server has a file of {total} bytes", f"{size_bytes} bytes")
        if total is not None:
            require_room(part.parent, total - start, "the download")
        yield start, total
        with part.open("ab") as file:
            file.truncate(start)
            for chunk in response.iter_content(CHUNK_BYTES):
                start += file.write(chunk)
                if size_bytes is not None and start > size_bytes:
                    raise _refused(url, "the server sends more", f"{size_bytes} bytes")
                yield start, total
    if total is not None and start < total:
        raise CutOff(f"{start} of {total} bytes")


def _offered(response: requests.Response, start: int) -> tuple[int, int | None]:
    """Returns where the body begins in the file, and the file's size where the server tells it."""
    length = response.headers.get("Content-Length", "")
    if response.status_code == 200:
        return 0, int(length) if length.isdecimal() else None
    found = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", response.headers.get("Content-Range", ""))
    total = int(found[2]) if found and found[2] != "*" else None
    if response.status_code == 206 and found and found[1] and int(found[1]) == start:
        return start, total
    if response.status_code == 416 and total == start:
        response.close()
        return start, total
    if response.status_code in (206, 416):
        raise _refused(
            response.url, f"an answer that does not go on from byte {start}", "the rest of the file"
        )
    raise _refused(response.url, f"status {response.status_code} {response.reason}", "status 200 or 206")


@contextmanager
def _translated(url: str, target: Path) -> Iterator[None]:
    """Turns what libraries and the disk raise into one kind of error."""
    try:
        yield
    except requests.RequestException as error:
        raise _refused(url, _cause(error), "an answer from the server") from None
    except CutOff as error:
        raise _refused(url, f"the connection keeps breaking at {error}", "the whole file") from None
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        remedy = (
            "make room and run again: it goes on from there"
            if full
            else "correct that, or choose another cache_dir"
        )
        raise DiskError(
            str(target), error.strerror or str(error), "a place that can be written", remedy
        ) from None


def _refused(url: str, received: str, allowed: str) -> DownloadError:
    remedy = "check the address and the network, then run again: it goes on from what has arrived"
    return DownloadError(url, received, allowed, remedy)


def _cause(error: BaseException) -> str:
    """Returns the system's own words, which requests wraps three times."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        inner = inner.__cause__ or inner.__context__
    return str(error)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _lock_path(target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.with_name(f".{target.name}.lock")
