"""Resumable downloads with mirrors and a SHA-256 check."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path

import requests
from filelock import FileLock

from kwspipe.errors import KwspipeError
from kwspipe.files.hashing import file_hash
from kwspipe.files.http_transfer import (
    CONNECT_TIMEOUT_S,
    DiskError,
    DownloadError,
    file_size,
    transfer,
    translate_errors,
)

log = logging.getLogger(__name__)


def fetch(urls: str | Sequence[str], target: Path, sha256: str | None, size_bytes: int | None = None) -> Path:
    """Downloads a file, unless it exists with the expected hash.

    Bytes are written to ``<target>.part``, and an interrupted download continues from there. The file is renamed to
    ``target`` after its hash was checked. A lock serializes processes that download the same file.

    Args:
        urls: http or https. Several URLs are tried in order; each continues from the bytes received before.
        target: path of the file. Its folder is created.
        sha256: hash of the file, hexadecimal; None skips the check and logs a warning.
        size_bytes: size of the file, if known. A file of another size is rejected before the download.

    Returns:
        ``target``.

    Raises:
        DownloadError: there is no connection, the server sends an error or has another size, or the disk is full.
        KwspipeError: the complete file has another hash.
    """
    mirrors = [urls] if isinstance(urls, str) else list(urls)
    with translate_errors(mirrors[0], target), FileLock(_lock_path(target)):
        if target.is_file():
            if sha256 is None or file_hash(target) == sha256:
                return target
            log.warning("%s has changed since its download and is downloaded again", target)
            target.unlink()
        part = target.with_name(f"{target.name}.part")
        _fetch_from_mirrors(mirrors, target, part, sha256, size_bytes)
        if sha256 is None:
            log.warning(
                "%s is not checked: no sha256 is configured; its sha256 is %s", target.name, file_hash(part)
            )
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(target)
    return target


def remote_size(urls: Sequence[str]) -> int | None:
    """Requests the size of a file in bytes from several servers.

    Returns:
        The size from the first server that sends one; None if no server does.
    """
    for url in urls:
        try:
            headers = {"Accept-Encoding": "identity"}
            response = requests.head(url, headers=headers, timeout=CONNECT_TIMEOUT_S, allow_redirects=True)
        except requests.RequestException:
            continue
        length = response.headers.get("Content-Length", "")
        if response.status_code == 200 and length.isdecimal():
            return int(length)
    return None


def _fetch_from_mirrors(
    urls: Sequence[str], target: Path, part: Path, sha256: str | None, size_bytes: int | None
) -> None:
    """Completes ``part`` from the first URL that has the file.

    Raises:
        KwspipeError: every URL failed. With several URLs the error contains all reasons.
    """
    failures: list[KwspipeError] = []
    for url in urls:
        try:
            with translate_errors(url, target):
                _fetch_and_check(url, part, sha256, size_bytes)
            return
        except DiskError:
            raise
        except KwspipeError as error:
            failures.append(error)
            if url != urls[-1]:
                log.warning("%s: %s; trying the next address", url, error.received)
                if sha256 is None:
                    part.unlink(missing_ok=True)  # without a hash, bytes of different files could be mixed
    if len(failures) == 1:
        raise failures[0]
    received = "; ".join(f"{error.where}: {error.received}" for error in failures)
    wrong_content = next((error for error in failures if not isinstance(error, DownloadError)), None)
    kind = DownloadError if wrong_content is None else KwspipeError
    last = wrong_content or failures[-1]
    raise kind(target.name, f"every address failed ({received})", last.allowed, last.remedy)


def _fetch_and_check(url: str, part: Path, sha256: str | None, size_bytes: int | None) -> None:
    """Completes ``part`` from one URL and checks its hash."""
    resumed = file_size(part) > 0
    transfer(url, part, size_bytes)
    if sha256 is None:
        return
    if file_hash(part) != sha256 and resumed:
        # The bytes received earlier may belong to another version of the file.
        part.unlink()
        transfer(url, part, size_bytes)
    received = file_hash(part)
    if received != sha256:
        part.unlink()
        raise KwspipeError(
            url,
            f"a file of sha256 {received}",
            f"sha256 {sha256}",
            "do not use that file: it is damaged or a different file, and was deleted. Try again, or correct the hash",
        )


def _lock_path(target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.with_name(f".{target.name}.lock")
