"""Downloads against a real server that cuts off, lies, or sends something else."""

import hashlib
import resource
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from kwspipe.errors import KwspipeError
from kwspipe.files import download
from kwspipe.files.download import DownloadError, fetch

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


def test_a_download_cut_off_goes_on_at_once(target: Path):
    with serve(CONTENT, cuts=[1_000_000, 2_500_000]) as server:
        fetch(server.url, target, SHA256, len(CONTENT))
    assert target.read_bytes() == CONTENT
    assert server.requests == [None, "bytes=1000000-", "bytes=2500000-"]


@pytest.mark.parametrize("size_bytes", [len(CONTENT), None])
def test_a_download_goes_on_in_a_later_run(target: Path, size_bytes: int | None):
    target.parent.mkdir()
    part_of(target).write_bytes(CONTENT[:1_234_567])
    with serve(CONTENT) as server:
        fetch(server.url, target, SHA256, size_bytes)
    assert target.read_bytes() == CONTENT
    assert server.requests == ["bytes=1234567-"]


def test_a_server_without_ranges_starts_again(target: Path):
    target.parent.mkdir()
    part_of(target).write_bytes(b"x" * 2_000_000)
    with serve(CONTENT, ranges=False, cuts=[500_000]) as server:
        fetch(server.url, target, SHA256)
    assert target.read_bytes() == CONTENT
    assert server.requests == ["bytes=2000000-", "bytes=500000-"]


@pytest.mark.parametrize("size_bytes", [len(CONTENT), None])
def test_a_part_that_is_whole_needs_no_more_bytes(target: Path, size_bytes: int | None):
    target.parent.mkdir()
    part_of(target).write_bytes(CONTENT)
    with serve(CONTENT) as server:
        fetch(server.url, target, SHA256, size_bytes)
    assert target.read_bytes() == CONTENT
    assert server.requests == ([] if size_bytes else ["bytes=3000000-"])


def test_a_part_of_another_file_is_thrown_away(target: Path):
    target.parent.mkdir()
    part_of(target).write_bytes(b"other" * 1000)
    with serve(CONTENT) as server:
        fetch(server.url, target, SHA256, len(CONTENT))
    assert target.read_bytes() == CONTENT
    assert server.requests == ["bytes=5000-", None]


def test_a_target_that_was_damaged_is_downloaded_again(target: Path):
    target.parent.mkdir()
    target.write_bytes(b"damaged")
    with serve(CONTENT) as server:
        fetch(server.url, target, SHA256)
    assert target.read_bytes() == CONTENT


def test_a_server_that_tells_no_length_is_checked_by_hash(target: Path):
    with (
        serve(CONTENT, lengths=False, cuts=[100]) as server,
        pytest.raises(KwspipeError, match="a file of sha256"),
    ):
        fetch(server.url, target, SHA256)
    with serve(CONTENT, lengths=False) as server:
        fetch(server.url, target, SHA256)
    assert target.read_bytes() == CONTENT


def test_another_file_is_refused_and_nothing_of_it_kept(target: Path):
    with serve(b"y" * len(CONTENT)) as server, pytest.raises(KwspipeError) as caught:
        fetch(server.url, target, SHA256, len(CONTENT))
    assert not isinstance(caught.value, DownloadError)
    assert f"sha256 {SHA256}" in str(caught.value) and "was not kept" in str(caught.value)
    assert not target.exists() and not part_of(target).exists()


@pytest.mark.parametrize("length", [1000, 4_000_000])
def test_another_size_is_refused_before_it_is_downloaded(target: Path, length: int):
    with serve(b"z" * length) as server, pytest.raises(DownloadError) as caught:
        fetch(server.url, target, SHA256, len(CONTENT))
    assert f"the server has a file of {length} bytes. Allowed: 3000000 bytes" in str(caught.value)
    assert not part_of(target).exists()


def test_a_server_that_sends_without_end_is_stopped(target: Path):
    with (
        serve(b"z" * 9_000_000, lengths=False) as server,
        pytest.raises(DownloadError, match="the server sends more"),
    ):
        fetch(server.url, target, SHA256, len(CONTENT))


@pytest.mark.parametrize("status", [404, 403, 500])
def test_other_statuses_are_told(target: Path, status: int):
    with (
        serve(CONTENT, status=status) as server,
        pytest.raises(DownloadError, match=f"status {status} .*Allowed"),
    ):
        fetch(server.url, target, SHA256)
    assert not target.exists()


def test_an_answer_that_goes_on_elsewhere_is_refused(target: Path):
    target.parent.mkdir()
    part_of(target).write_bytes(CONTENT[:1000])
    with (
        serve(CONTENT, wrong_range=True) as server,
        pytest.raises(DownloadError, match="does not go on from byte 1000"),
    ):
        fetch(server.url, target, SHA256)
    assert part_of(target).read_bytes() == CONTENT[:1000]


def test_a_connection_that_keeps_breaking_is_given_up_and_what_came_is_kept(target: Path):
    with serve(CONTENT, cuts=[1000] * 20) as server, pytest.raises(DownloadError):
        fetch(server.url, target, SHA256)
    assert len(server.requests) == 1 + download.MAX_FRUITLESS_ATTEMPTS
    assert part_of(target).read_bytes() == CONTENT[:1000]


def test_no_server_is_told_at_once_in_the_systems_words(target: Path):
    with serve(CONTENT) as server:
        pass
    with pytest.raises(DownloadError) as caught:
        fetch(server.url, target, SHA256)
    assert str(caught.value).startswith(
        f"{server.url}: Connection refused. Allowed: an answer from the server."
    )


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "nonsense", "http://"])
def test_an_address_that_is_none(target: Path, url: str):
    with pytest.raises(DownloadError, match="check the address"):
        fetch(url, target, SHA256)


def test_a_full_disk_is_told_before_the_download(target: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2_000_000))
    with serve(CONTENT) as server, pytest.raises(DownloadError) as caught:
        fetch(server.url, target, SHA256)
    assert "0.00 GB free on its disk. Allowed: 0.00 GB for the download. Next: make room" in str(caught.value)


def test_a_disk_that_fills_up_is_told_and_what_came_is_kept(target: Path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with serve(CONTENT) as server:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
        try:
            with pytest.raises(DownloadError, match=r"File too large. Allowed: a place that can be written"):
                fetch(server.url, target, SHA256)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert part_of(target).stat().st_size == 1_000_000
        fetch(server.url, target, SHA256)
    assert server.requests == [None, "bytes=1000000-"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(DownloadError, match=r"Not a directory|File exists"):
        fetch("http://127.0.0.1:9/x", tmp_path / "file" / "x", SHA256)


def test_the_next_address_goes_on_where_the_last_broke_off(target: Path):
    with serve(CONTENT, cuts=[1_000_000] * 20) as first, serve(CONTENT) as second:
        fetch([first.url, second.url], target, SHA256, len(CONTENT))
    assert target.read_bytes() == CONTENT
    assert second.requests == ["bytes=1000000-"]


def test_a_mirror_with_another_file_is_passed_over(target: Path, caplog: pytest.LogCaptureFixture):
    with serve(b"y" * len(CONTENT)) as other, serve(CONTENT) as good:
        fetch([other.url, good.url], target, SHA256, len(CONTENT))
    assert target.read_bytes() == CONTENT
    assert f"{other.url}: a file of sha256" in caplog.text and "the next address is tried" in caplog.text
    assert good.requests == [None]


def test_no_address_that_gives_it_is_one_error_with_every_reason(target: Path):
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
    assert not isinstance(caught_wrong.value, DownloadError)  # not a matter of the network: a wrong file
    assert "do not use that file" in str(caught_wrong.value)


def test_a_full_disk_ends_it_at_the_first_address(target: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2_000_000))
    with (
        serve(CONTENT) as first,
        serve(CONTENT) as second,
        pytest.raises(DownloadError, match="free on its disk"),
    ):
        fetch([first.url, second.url], target, SHA256)
    assert second.requests == []


def test_without_a_hash_the_one_that_came_is_told_and_mirrors_are_not_mixed(
    target: Path, caplog: pytest.LogCaptureFixture
):
    with serve(CONTENT, cuts=[1_000_000] * 20) as first, serve(CONTENT) as second:
        fetch([first.url, second.url], target, None)
        assert fetch([first.url, second.url], target, None) == target
    assert target.read_bytes() == CONTENT
    assert second.requests == [None]
    assert f"file.bin is not checked: no sha256 is configured; this one is {SHA256}" in caplog.text


def test_the_size_is_asked_of_the_first_server_that_tells(target: Path):
    with serve(CONTENT, status=500) as down, serve(CONTENT, lengths=False) as mute, serve(CONTENT) as up:
        assert download.remote_size([down.url, mute.url, up.url]) == len(CONTENT)
        assert download.remote_size([down.url, mute.url]) is None
    assert download.remote_size([up.url]) is None  # nobody there
