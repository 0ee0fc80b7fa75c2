"""Safe reading of untrusted zip archives into memory."""

import stat
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from kwspipe.errors import KwspipeError

MAX_MEMBERS = 10_000
_ENCRYPTED = 1  # bit of a member's flags


def read_members(
    path: Path, choose: Callable[[Sequence[str]], Sequence[str]], max_bytes: int
) -> dict[str, bytes]:
    """Returns the content of chosen members by name, after a check of all members.

    Args:
        path: the zip file.
        choose: receives the names of all files in the archive and returns the names to read. It may raise.
        max_bytes: largest accepted total size of the chosen members.

    Raises:
        KwspipeError: the file is not a zip archive, is damaged or encrypted, has a member that is a link, outside the
            archive or duplicate, or the chosen members are larger than ``max_bytes``.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            _check(path, members)
            by_name = {member.filename: member for member in members}
            chosen = [by_name[name] for name in choose(list(by_name))]
            size_bytes = sum(member.file_size for member in chosen)
            if size_bytes > max_bytes:
                # ``read`` stops at this size. A wrong size in the header cannot exhaust the memory.
                raise _refused(str(path), f"{size_bytes:,} bytes unpacked", f"at most {max_bytes:,}")
            return {member.filename: archive.read(member) for member in chosen}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise _refused(str(path), f"it cannot be unpacked ({reason})", "a complete zip archive") from None


def _check(path: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS:
        raise _refused(str(path), f"{len(members):,} members", f"at most {MAX_MEMBERS:,}")
    seen: set[str] = set()
    for member in members:
        where = f"{path}: {member.filename}"
        name = PurePosixPath(member.filename.replace("\\", "/"))
        is_link = stat.S_ISLNK(member.external_attr >> 16)
        if name.is_absolute() or ".." in name.parts or ":" in "".join(name.parts[:1]) or is_link:
            raise _refused(
                where,
                "a member that points outside the archive",
                "regular files below the root of the archive",
            )
        if member.filename in seen:
            raise _refused(where, "a duplicate member", "each name once")
        if member.flag_bits & _ENCRYPTED:
            raise _refused(where, "an encrypted member", "members without encryption")
        seen.add(member.filename)


def _refused(where: str, received: str, allowed: str) -> KwspipeError:
    return KwspipeError(where, received, allowed, "do not use this archive; get it from its publisher again")
