"""Downloads from a real server with faults: cut connections, wrong headers, other content."""

import hashlib
import resource
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from kwspipe.errors import KwspipeError
from kwspipe.files import download, http_transfer
from kwspipe.files.download import fetch
from kwspipe.files.http_transfer import DownloadError

from support.file_server import serve  # isort: skip

CONTENT = np.random.default_rng(5).bytes(3_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
pytestmark = pytest.mark.usefixtures("no_waiting")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "file.bin"


def part_of(target: Path) -> Path:
    return target.with_name("file.bin.part")


def test_a_file_is_downloaded_once(target: Path):
    with serve(CONTENT) as server:
        assert fetch(server.url, target, SHA256, len(CONTENT)) == target
        assert fetch(server.url, target, SHA256, len(CONTENT)) == target
    assert target.read_bytes() == CONTENT
    assert server.requests == [None]
    assert not part_of(target).exists()


def test_a_cut_download_continues_in_the_same_call(target: Path):
    with serve(CONTENT, cuts=[1_000_000, 2_500_000]) as server:
        fetch(server.url, target, SHA256, len(CONTENT))
    assert target.read_bytes() == CONTENT
    assert server.requests == [None, "bytes=1000000-", "bytes=2500000-"]


@pytest.mark.parametrize("size_bytes", [len(CONTENT), None])
def test_a_download_continues_in_a_later_run(target: Path, size_bytes: int | None):
    target.parent.mkdir()
    part_of(target).write_bytes(CONTENT[:1_234_567])
    with serve(CONTENT) as server:
        fetch(server.url, target, SHA256, size_bytes)
    assert target.read_bytes() == CONTENT
    assert server.requests == ["bytes=1234567-"]


def test_a_server_without_ranges_starts_from_the_beginning(target: Path):
    target.parent.mkdir()
    part_of(target).write_bytes(b"x" * 2_000_000)
    with serve(CONTENT, ranges=False, cuts=[500_000]) as server:
        fetch(server.url, target, SHA256)
    assert target.read_bytes() == CONTENT
    assert server.requests == ["bytes=2000000-", "bytes=500000-"]


@pytest.mark.parametrize("size_bytes", [len(CONTENT), None])
def test_a_complete_part_is_not_downloaded_again(target: Path, size_bytes: int | None):
    target.parent.mkdir()
    part_of(target).write_bytes(CONTENT)
    with serve(CONTENT) as server:
        fetch(server.url, target, SHA256, size_bytes)
    assert target.read_bytes() == CONTENT
    assert server.requests == ([] if size_bytes else ["bytes=3000000-"])


def test_a_part_of_another_file_is_discarded(target: Path):
    target.parent.mkdir()
    part_of(target).write_bytes(b"other" * 1000)
    with serve(CONTENT) as server:
        fetch(server.url, target, SHA256, len(CONTENT))
    assert target.read_bytes() == CONTENT
    assert server.requests == ["bytes=5000-", None]


def test_a_damaged_target_is_downloaded_again(target: Path):
    target.parent.mkdir()
    target.write_bytes(b"damaged")
    with serve(CONTENT) as server:
        fetch(server.url, target, SHA256)
    assert target.read_bytes() == CONTENT


def test_a_file_without_content_length_is_checked_by_hash(target: Path):
    with (
        serve(CONTENT, lengths=False, cuts=[100]) as server,
        pytest.raises(KwspipeError, match="a file of sha256"),
    ):
        fetch(server.url, target, SHA256)
    with serve(CONTENT, lengths=False) as server:
        fetch(server.url, target, SHA256)
    assert target.read_bytes() == CONTENT


def test_a_file_with_another_hash_is_rejected_and_deleted(target: Path):
    with serve(b"y" * len(CONTENT)) as server, pytest.raises(KwspipeError) as caught:
        fetch(server.url, target, SHA256, len(CONTENT))
    assert not isinstance(caught.value, DownloadError)
    assert f"sha256 {SHA256}" in str(caught.value) and "was deleted" in str(caught.value)
    assert not target.exists() and not part_of(target).exists()


@pytest.mark.parametrize("length", [1000, 4_000_000])
def test_another_size_is_rejected_before_the_download(target: Path, length: int):
    with serve(b"z" * length) as server, pytest.raises(DownloadError) as caught:
        fetch(server.url, target, SHA256, len(CONTENT))
    assert f"the server has a file of {length} bytes. Allowed: 3000000 bytes" in str(caught.value)
    assert not part_of(target).exists()


def test_a_transfer_of_too_many_bytes_is_stopped(target: Path):
    with (
        serve(b"z" * 9_000_000, lengths=False) as server,
        pytest.raises(DownloadError, match="the server sends more"),
    ):
        fetch(server.url, target, SHA256, len(CONTENT))


@pytest.mark.parametrize("status", [404, 403, 500])
def test_error_statuses_are_reported(target: Path, status: int):
    with (
        serve(CONTENT, status=status) as server,
        pytest.raises(DownloadError, match=f"status {status} .*Allowed"),
    ):
        fetch(server.url, target, SHA256)
    assert not target.exists()


def test_a_response_with_another_range_is_rejected(target: Path):
    target.parent.mkdir()
    part_of(target).write_bytes(CONTENT[:1000])
    with (
        serve(CONTENT, wrong_range=True) as server,
        pytest.raises(DownloadError, match="does not continue from byte 1000"),
    ):
        fetch(server.url, target, SHA256)
    assert part_of(target).read_bytes() == CONTENT[:1000]


def test_repeated_failures_end_the_download_and_keep_the_received_bytes(target: Path):
    with serve(CONTENT, cuts=[1000] * 20) as server, pytest.raises(DownloadError):
        fetch(server.url, target, SHA256)
    assert len(server.requests) == 1 + http_transfer.MAX_FAILED_ATTEMPTS
    assert part_of(target).read_bytes() == CONTENT[:1000]


def test_a_refused_connection_is_reported_without_retries(target: Path):
    with serve(CONTENT) as server:
        pass
    with pytest.raises(DownloadError) as caught:
        fetch(server.url, target, SHA256)
    assert str(caught.value).startswith(
        f"{server.url}: Connection refused. Allowed: a response from the server."
    )


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "nonsense", "http://"])
def test_an_invalid_address_is_rejected(target: Path, url: str):
    with pytest.raises(DownloadError, match="check the address"):
        fetch(url, target, SHA256)


def test_a_full_disk_is_reported_before_the_download(target: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2_000_000))
    with serve(CONTENT) as server, pytest.raises(DownloadError) as caught:
        fetch(server.url, target, SHA256)
    assert "0.00 GB free on its disk. Allowed: 0.00 GB for the download. Next: make room" in str(caught.value)


def test_a_disk_that_becomes_full_is_reported_and_the_received_bytes_are_kept(target: Path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with serve(CONTENT) as server:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
        try:
            with pytest.raises(DownloadError, match=r"File too large. Allowed: a path that can be written"):
                fetch(server.url, target, SHA256)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert part_of(target).stat().st_size == 1_000_000
        fetch(server.url, target, SHA256)
    assert server.requests == [None, "bytes=1000000-"]


def test_a_folder_that_cannot_be_created_is_reported(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(DownloadError, match=r"Not a directory|File exists"):
        fetch("http://127.0.0.1:9/x", tmp_path / "file" / "x", SHA256)


def test_the_next_mirror_continues_from_the_received_bytes(target: Path):
    with serve(CONTENT, cuts=[1_000_000] * 20) as first, serve(CONTENT) as second:
        fetch([first.url, second.url], target, SHA256, len(CONTENT))
    assert target.read_bytes() == CONTENT
    assert second.requests == ["bytes=1000000-"]


def test_a_mirror_with_another_file_is_skipped(target: Path, caplog: pytest.LogCaptureFixture):
    with serve(b"y" * len(CONTENT)) as other, serve(CONTENT) as good:
        fetch([other.url, good.url], target, SHA256, len(CONTENT))
    assert target.read_bytes() == CONTENT
    assert f"{other.url}: a file of sha256" in caplog.text and "trying the next address" in caplog.text
    assert good.requests == [None]


def test_failures_of_all_mirrors_are_reported_in_one_error(target: Path):
    with (
        serve(CONTENT, status=404) as first,
        serve(b"z" * 9) as second,
        pytest.raises(DownloadError) as caught,
    ):
        fetch([first.url, second.url], target, SHA256, len(CONTENT))
    assert f"{first.url}: status 404 Not Found; {second.url}: the server has a file of 9 bytes" in str(
        caught.value
    )
    with (
        serve(CONTENT, status=404) as first,
        serve(b"y" * len(CONTENT)) as second,
        pytest.raises(KwspipeError) as caught_wrong,
    ):
        fetch([first.url, second.url], target, SHA256, len(CONTENT))
    assert not isinstance(caught_wrong.value, DownloadError)  # the file is wrong, not the network
    assert "do not use that file" in str(caught_wrong.value)


def test_a_full_disk_ends_the_download_without_trying_mirrors(target: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2_000_000))
    with (
        serve(CONTENT) as first,
        serve(CONTENT) as second,
        pytest.raises(DownloadError, match="free on its disk"),
    ):
        fetch([first.url, second.url], target, SHA256)
    assert second.requests == []


def test_without_a_hash_bytes_of_mirrors_are_not_mixed_and_the_hash_is_logged(
    target: Path, caplog: pytest.LogCaptureFixture
):
    with serve(CONTENT, cuts=[1_000_000] * 20) as first, serve(CONTENT) as second:
        fetch([first.url, second.url], target, None)
        assert fetch([first.url, second.url], target, None) == target
    assert target.read_bytes() == CONTENT
    assert second.requests == [None]
    assert f"file.bin is not checked: no sha256 is configured; its sha256 is {SHA256}" in caplog.text


def test_the_remote_size_comes_from_the_first_server_with_a_content_length(target: Path):
    with serve(CONTENT, status=500) as down, serve(CONTENT, lengths=False) as mute, serve(CONTENT) as up:
        assert download.remote_size([down.url, mute.url, up.url]) == len(CONTENT)
        assert download.remote_size([down.url, mute.url]) is None
    assert download.remote_size([up.url]) is None  # the server has stopped
