"""Resumable HTTP transfer of one URL into a partial file."""

import errno
import logging
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from kwspipe.errors import KwspipeError
from kwspipe.terminal.progress import ProgressBars

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 10
READ_TIMEOUT_S = 60
# The received part of a chunk is lost when the connection breaks.
CHUNK_BYTES = 1 << 16
# Number of consecutive attempts without a new byte after which a transfer fails.
MAX_FAILED_ATTEMPTS = 5
RETRY_WAIT_S = 1.0


class DownloadError(KwspipeError):
    """A failed download. The received bytes are kept, and the next attempt continues from there."""


class DiskError(DownloadError):
    """A download that the disk cannot store. Another URL would not help."""


class _IncompleteError(Exception):
    """The connection ended before the end of the file. The transfer is tried again."""


def transfer(url: str, part: Path, size_bytes: int | None) -> None:
    """Downloads the missing rest of a partial file. Retries as long as each attempt receives new bytes.

    Args:
        url: http or https.
        part: the partial file. Its folder exists.
        size_bytes: size of the complete file, if known.

    Raises:
        DownloadError: the server has another size or an unexpected status.
        requests.RequestException, _IncompleteError: there is no connection, or it breaks repeatedly without new bytes.
    """
    if size_bytes is not None and file_size(part) > size_bytes:
        part.unlink()
    if file_size(part) == size_bytes:
        return
    with ProgressBars("bytes") as progress:
        task = progress.add_task(f"downloading {part.name.removesuffix('.part')}", total=size_bytes)
        failed_attempts = 0
        connected = False
        while True:
            size_before = file_size(part)
            try:
                for received, total in _request(url, part, size_bytes):
                    connected = True
                    progress.update(task, completed=received, total=total)
                return
            except (
                _IncompleteError,
                requests.ConnectionError,
                requests.Timeout,
                requests.exceptions.ChunkedEncodingError,
            ) as error:
                failed_attempts = 0 if file_size(part) > size_before else failed_attempts + 1
                # Without any successful connection there is probably no network, and retries only delay the error.
                if not connected or failed_attempts >= MAX_FAILED_ATTEMPTS:
                    raise
                log.info("Download of %s interrupted (%s); trying again", url, _cause(error))
                time.sleep(RETRY_WAIT_S)


def _request(url: str, part: Path, size_bytes: int | None) -> Iterator[tuple[int, int | None]]:
    """Appends the body of one response to ``part``; yields the size of ``part`` and the total size, if known."""
    start = file_size(part)
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    timeout = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
    with requests.get(url, headers=headers, stream=True, timeout=timeout) as response:
        start, total = _body_range(response, start)
        if size_bytes is not None and total is not None and total != size_bytes:
            raise _download_error(url, f"the server has a file of {total} bytes", f"{size_bytes} bytes")
        if total is not None:
            require_free_space(part.parent, total - start, "the download")
        yield start, total
        with part.open("ab") as file:
            file.truncate(start)
            for chunk in response.iter_content(CHUNK_BYTES):
                start += file.write(chunk)
                if size_bytes is not None and start > size_bytes:
                    raise _download_error(url, "the server sends more", f"{size_bytes} bytes")
                yield start, total
    if total is not None and start < total:
        raise _IncompleteError(f"{start} of {total} bytes")


def _body_range(response: requests.Response, start: int) -> tuple[int, int | None]:
    """Returns the position of the response body in the file, and the size of the file if the server sends it."""
    length = response.headers.get("Content-Length", "")
    if response.status_code == 200:
        return 0, int(length) if length.isdecimal() else None
    content_range = re.fullmatch(
        r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", response.headers.get("Content-Range", "")
    )
    total = int(content_range[2]) if content_range and content_range[2] != "*" else None
    if response.status_code == 206 and content_range and content_range[1] and int(content_range[1]) == start:
        return start, total
    if response.status_code == 416 and total == start:
        response.close()
        return start, total
    if response.status_code in (206, 416):
        raise _download_error(
            response.url, f"a response that does not continue from byte {start}", "the rest of the file"
        )
    raise _download_error(
        response.url, f"status {response.status_code} {response.reason}", "status 200 or 206"
    )


@contextmanager
def translate_errors(url: str, target: Path) -> Iterator[None]:
    """Raises DownloadError in place of the exceptions of requests, of the transfer and of the disk."""
    try:
        yield
    except requests.RequestException as error:
        raise _download_error(url, _cause(error), "a response from the server") from None
    except _IncompleteError as error:
        raise _download_error(
            url, f"the connection breaks repeatedly at {error}", "the complete file"
        ) from None
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        remedy = (
            "make room and run again; the download then continues"
            if full
            else "correct the cause, or choose another cache_dir"
        )
        raise DiskError(
            str(target), error.strerror or str(error), "a path that can be written", remedy
        ) from None


def require_free_space(folder: Path, needed_bytes: int, content: str) -> None:
    """Raises DiskError if the disk of an existing folder has less than ``needed_bytes`` free.

    Args:
        folder: a folder on the disk.
        needed_bytes: required free space.
        content: the data to be written, named in the error.
    """
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < needed_bytes:
        raise DiskError(
            str(folder),
            f"{free_bytes / 1e9:.2f} GB free on its disk",
            f"{needed_bytes / 1e9:.2f} GB for {content}",
            "make room, or choose a cache_dir on another disk",
        )


def file_size(path: Path) -> int:
    """Returns the size of a file in bytes; 0 if it does not exist."""
    return path.stat().st_size if path.is_file() else 0


def _download_error(url: str, received: str, allowed: str) -> DownloadError:
    remedy = (
        "check the address and the network, then run again; the download continues from the received bytes"
    )
    return DownloadError(url, received, allowed, remedy)


def _cause(error: BaseException) -> str:
    """Returns the message of the operating system, which requests wraps in several exceptions."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        inner = inner.__cause__ or inner.__context__
    return str(error)
