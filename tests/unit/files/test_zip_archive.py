"""Reading of zip archives: hostile and damaged archives are rejected before any member is used."""

import stat
import struct
import zipfile
from pathlib import Path

import pytest

from kwspipe.errors import KwspipeError
from kwspipe.files.zip_archive import MAX_MEMBERS, read_members


def pack(path: Path, *members: tuple[str, bytes], mode: int = 0o644) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name)
            info.external_attr, info.compress_type = mode << 16, zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return path


def failure(path: Path, max_bytes: int = 1000) -> str:
    with pytest.raises(KwspipeError) as caught:
        read_members(path, list, max_bytes)
    assert "do not use this archive; get it from its publisher again" in str(caught.value)
    return str(caught.value)


def test_chosen_members_are_read(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", ("a/one", b"1"), ("two", b"22"), ("a/", b""))
    assert read_members(path, lambda names: names[:1], 1000) == {"a/one": b"1"}
    assert read_members(path, list, 1000) == {"a/one": b"1", "two": b"22"}


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "C:\\x", "a\\..\\..\\x"])
def test_members_outside_the_archive_are_rejected(tmp_path: Path, name: str) -> None:
    assert "points outside the archive" in failure(pack(tmp_path / "a.zip", ("fine", b""), (name, b"")))


def test_links_and_duplicate_members_are_rejected(tmp_path: Path) -> None:
    link = pack(tmp_path / "a.zip", ("x", b"/etc/passwd"), mode=stat.S_IFLNK | 0o777)
    assert "points outside the archive" in failure(link)
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = pack(tmp_path / "b.zip", ("x", b"1"), ("x", b"2"))
    assert "a duplicate member" in failure(twice)


def test_too_many_bytes_or_members_are_rejected_before_decompression(tmp_path: Path) -> None:
    bomb = pack(tmp_path / "a.zip", ("x", bytes(10_000_000)))
    assert bomb.stat().st_size < 20_000
    assert "10,000,000 bytes unpacked. Allowed: at most 1,000" in failure(bomb)
    many = pack(tmp_path / "b.zip", *((str(number), b"") for number in range(MAX_MEMBERS + 1)))
    assert "10,001 members" in failure(many)


def test_a_wrong_size_in_the_header_bounds_the_bytes_read(tmp_path: Path) -> None:
    data = bytearray(pack(tmp_path / "a.zip", ("x", bytes(10_000_000))).read_bytes())
    for signature, offset in ((b"PK\1\2", 24), (b"PK\3\4", 22)):
        struct.pack_into("<I", data, data.index(signature) + offset, 10)
    (tmp_path / "a.zip").write_bytes(data)
    assert "it cannot be unpacked (Bad CRC-32" in failure(tmp_path / "a.zip")


def test_encrypted_and_damaged_archives_are_rejected(tmp_path: Path) -> None:
    data = bytearray(pack(tmp_path / "a.zip", ("x", bytes(range(200)) * 4)).read_bytes())
    flags = data.index(b"PK\1\2") + 8
    locked = bytes(data[:flags]) + bytes([data[flags] | 1]) + bytes(data[flags + 1 :])
    (tmp_path / "locked.zip").write_bytes(locked)
    assert "an encrypted member" in failure(tmp_path / "locked.zip")
    (tmp_path / "cut.zip").write_bytes(data[:-30])
    assert "it cannot be unpacked (" in failure(tmp_path / "cut.zip")
    data[60:80] = bytes(20)
    (tmp_path / "bad.zip").write_bytes(data)
    assert "it cannot be unpacked (" in failure(tmp_path / "bad.zip")
    assert "it cannot be unpacked (" in failure(tmp_path / "missing.zip")
