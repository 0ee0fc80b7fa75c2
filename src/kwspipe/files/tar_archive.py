"""Safe extraction of untrusted tar archives.

No member is written outside the target folder. The folder appears only after a complete extraction.
"""

import os
import shutil
import tarfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from kwspipe.errors import KwspipeError
from kwspipe.terminal.progress import ProgressBars

# Python 3.11.4 and later have a second check of their own.
_DATA_FILTER: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


def extract_tar(archive: Path, folder: Path, max_bytes: int) -> None:
    """Extracts a tar archive of regular files and folders, with or without compression.

    Args:
        archive: the archive file.
        folder: the target folder, which is created. It appears after all members were extracted.
        max_bytes: largest accepted total size of all files.

    Raises:
        KwspipeError: the archive is damaged or too large, or a member is a link, a device or outside the folder.
    """
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        with (
            ProgressBars("bytes") as progress,
            progress.open(archive, "rb", description=f"unpacking {archive.name}") as file,
            tarfile.open(fileobj=file, mode="r:*") as tar,
        ):
            total_bytes = 0
            while (member := tar.next()) is not None:
                total_bytes += member.size
                _check(member, archive, total_bytes, max_bytes)
                tar.extract(member, partial, **_DATA_FILTER)
                tar.members.clear()  # type: ignore[attr-defined]  # bounds the memory use
            while tar.fileobj and tar.fileobj.read(1 << 20):
                pass  # the checksum of the compression is at the end of the file
        if hasattr(os, "sync"):
            os.sync()  # one call for all files, before the rename
        partial.replace(folder)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise _refused(
            archive, f"it cannot be unpacked ({error})", "a complete tar archive and room for its files"
        ) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _check(member: tarfile.TarInfo, archive: Path, total_bytes: int, max_bytes: int) -> None:
    posix, windows = PurePosixPath(member.name), PureWindowsPath(member.name)
    if posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts:
        raise _refused(
            archive, f"member {member.name!r} is outside the archive's folder", "relative paths without .."
        )
    if not (member.isreg() or member.isdir()):
        raise _refused(archive, f"member {member.name!r} is a link or a device", "regular files and folders")
    if total_bytes > max_bytes:
        raise _refused(archive, f"more than {max_bytes / 1e9:.2f} GB", f"at most {max_bytes / 1e9:.2f} GB")


def _refused(archive: Path, received: str, allowed: str) -> KwspipeError:
    return KwspipeError(
        str(archive),
        received,
        allowed,
        "do not use this archive; delete it and download it from its publisher again",
    )
