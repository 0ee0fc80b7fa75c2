"""Unpacking archives that others made: nothing leaves the folder, and the folder is whole or not there."""

import os
import shutil
import tarfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from rich.console import Console
from rich.progress import Progress

from kwspipe.errors import KwspipeError

# Python 3.11.4 and later check members once more themselves.
_DATA_FILTER: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


def extract_tar(archive: Path, folder: Path, max_bytes: int) -> None:
    """Unpacks a tar archive of plain files and folders, compressed or not.

    Args:
        archive: the file.
        folder: made by this; it appears when everything is in it.
        max_bytes: size of all files together that is not exceeded.

    Raises:
        KwspipeError: the archive is damaged, too large, or has a member that is a link or a device or lies outside.
    """
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        with (
            Progress(console=Console(stderr=True)) as progress,
            progress.open(archive, "rb", description=f"unpacking {archive.name}") as file,
            tarfile.open(fileobj=file, mode="r:*") as tar,
        ):
            unpacked = 0
            while (member := tar.next()) is not None:
                unpacked += member.size
                _check(member, archive, unpacked, max_bytes)
                tar.extract(member, partial, **_DATA_FILTER)
                tar.members.clear()  # type: ignore[attr-defined]  # else all of them stay in memory
            while tar.fileobj and tar.fileobj.read(1 << 20):
                pass  # to the end, where the compressor's checksum is
        if hasattr(os, "sync"):
            os.sync()  # one call for a hundred thousand files; then the new name may become durable
        partial.replace(folder)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise _refused(
            archive, f"it cannot be unpacked ({error})", "a whole tar archive and room for it"
        ) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _check(member: tarfile.TarInfo, archive: Path, unpacked_bytes: int, max_bytes: int) -> None:
    posix, windows = PurePosixPath(member.name), PureWindowsPath(member.name)
    if posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts:
        raise _refused(
            archive, f"member {member.name!r} lies outside the archive's folder", "relative paths without .."
        )
    if not (member.isreg() or member.isdir()):
        raise _refused(archive, f"member {member.name!r} is a link or a device", "plain files and folders")
    if unpacked_bytes > max_bytes:
        raise _refused(archive, f"more than {max_bytes / 1e9:.2f} GB", f"at most {max_bytes / 1e9:.2f} GB")


def _refused(archive: Path, received: str, allowed: str) -> KwspipeError:
    return KwspipeError(
        str(archive),
        received,
        allowed,
        "do not use this archive; delete it and get it from its publisher again",
    )
