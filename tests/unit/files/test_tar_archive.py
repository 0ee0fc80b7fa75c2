"""Extraction of tar archives: hostile and damaged archives create no files."""

import io
import random
import tarfile
from pathlib import Path

import pytest

from kwspipe.errors import KwspipeError
from kwspipe.files.tar_archive import extract_tar


def member(name: str, kind: bytes = tarfile.REGTYPE, content: bytes = b"abc", link: str = "") -> tuple:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    info.size = len(content) if kind == tarfile.REGTYPE else 0
    return info, content


def pack(path: Path, *members: tuple, mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content) if info.isreg() else None)
    return path


GOOD = (
    member("./one", tarfile.DIRTYPE),
    member("./one/a.wav"),
    member("two/b c.wav", content=b"xyz"),
    member("ü.txt"),
)


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz", "w"])
def test_regular_files_are_extracted(tmp_path: Path, mode: str):
    extract_tar(pack(tmp_path / "a.tar", *GOOD, mode=mode), tmp_path / "out", 100)
    files = {
        str(p.relative_to(tmp_path / "out")): p.read_bytes()
        for p in (tmp_path / "out").rglob("*")
        if p.is_file()
    }
    assert files == {"one/a.wav": b"abc", "two/b c.wav": b"xyz", "ü.txt": b"abc"}


@pytest.mark.parametrize(
    ("hostile", "reason"),
    [
        (member("../escaped.txt"), "is outside"),
        (member("one/../../escaped.txt"), "is outside"),
        (member("/tmp/kwspipe-escaped.txt"), "is outside"),
        (member("..\\escaped.txt"), "is outside"),
        (member("C:\\escaped.txt"), "is outside"),
        (member("one", tarfile.SYMTYPE, link="/tmp"), "is a link or a device"),
        (member("inside", tarfile.SYMTYPE, link="ü.txt"), "is a link or a device"),
        (member("hard", tarfile.LNKTYPE, link="../../escaped.txt"), "is a link or a device"),
        (member("device", tarfile.CHRTYPE), "is a link or a device"),
        (member("disk", tarfile.BLKTYPE), "is a link or a device"),
        (member("pipe", tarfile.FIFOTYPE), "is a link or a device"),
        (member("big", content=b"0" * 101), "more than 0.00 GB"),
    ],
)
def test_hostile_members_are_refused(tmp_path: Path, hostile: tuple, reason: str):
    archive = pack(
        tmp_path / "in" / "a.tar.gz" if (tmp_path / "in").mkdir() is None else tmp_path, *GOOD, hostile
    )
    with pytest.raises(KwspipeError) as caught:
        extract_tar(archive, tmp_path / "in" / "out", 100)
    assert reason in str(caught.value)
    assert "do not use this archive" in str(caught.value)
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["a.tar.gz"]
    assert not Path("/tmp/kwspipe-escaped.txt").exists()
    assert not (tmp_path / "in" / "out").exists()


@pytest.mark.parametrize("damage", ["truncated", "flipped", "no tar", "empty"])
def test_damaged_archives_create_no_files(tmp_path: Path, damage: str):
    archive = pack(tmp_path / "a.tar.gz", *GOOD, member("big", content=random.Random(1).randbytes(100_000)))
    content = bytearray(archive.read_bytes())
    content[50_000] ^= 0xFF
    replacement = {
        "truncated": content[: len(content) // 2],
        "flipped": content,
        "no tar": b"hello" * 500,
        "empty": b"",
    }
    archive.write_bytes(replacement[damage])
    with pytest.raises(KwspipeError, match="it cannot be unpacked"):
        extract_tar(archive, tmp_path / "out", 10**7)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tar.gz"]


def test_files_of_an_interrupted_extraction_are_removed(tmp_path: Path):
    (tmp_path / ".out.partial" / "one").mkdir(parents=True)
    (tmp_path / ".out.partial" / "left.txt").write_text("x")
    extract_tar(pack(tmp_path / "a.tar.gz", *GOOD), tmp_path / "out", 100)
    assert not (tmp_path / "out" / "left.txt").exists()
    assert not (tmp_path / ".out.partial").exists()
