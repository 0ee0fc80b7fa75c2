"""Speech Commands from a local server: download, extraction, cache and unavailable servers."""

import hashlib
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from kwspipe.config import DatasetConfig, FrontendConfig, SpeechCommandsConfig
from kwspipe.dataset.prepare import prepare
from kwspipe.dataset.recordings import SourceUnavailable
from kwspipe.dataset.sources.speech_commands import SpeechCommandsSource
from kwspipe.errors import KwspipeError
from support.file_server import Behaviour, serve

Make = Callable[..., DatasetConfig]
pytestmark = pytest.mark.usefixtures("no_waiting")


@pytest.fixture
def archive(corpus: Path) -> bytes:
    path = corpus.parent / "published.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.add(corpus, ".")
    content = path.read_bytes()
    path.unlink()
    return content


def config(server: Behaviour, cache: Path, **values: object) -> SpeechCommandsConfig:
    defaults: dict[str, object] = {
        "download": True,
        "urls": (server.url,),
        "size_bytes": len(server.content),
        "sha256": hashlib.sha256(server.content).hexdigest(),
        "cache_dir": str(cache),
    }
    return SpeechCommandsConfig(**(defaults | values))  # type: ignore[arg-type]


def test_the_archive_is_downloaded_and_extracted_once(archive: bytes, tmp_path: Path):
    with serve(archive, "sc_v0.02.tar.gz", cuts=[5000]) as server:
        source = SpeechCommandsSource(config(server, tmp_path / "cache"))
        found = source.find()
        assert source.find() == found
    assert source.find() == found  # from the cache, without the server
    assert len(found.words) == 72
    assert server.requests == [None, "bytes=5000-"]
    assert sorted(p.name for p in (tmp_path / "cache").iterdir() if not p.name.startswith(".")) == [
        source.folder.name,
        f"{source.folder.name}.json",
    ]
    assert source.folder.name.startswith("sc_v0.02-")


def test_the_source_is_prepared(archive: bytes, tmp_path: Path, make_dataset: Make, frontend: FrontendConfig):
    (tmp_path / "prepare").mkdir()
    with serve(archive, "sc.tar.gz") as server:
        dataset = make_dataset(
            root=None,
            sources=("folder", "speech_commands"),
            speech_commands=config(server, tmp_path / "cache"),
        )
        summary = prepare(dataset, frontend, 1, tmp_path / "prepare")
    assert (summary["source_used"], summary["synthetic"]) == ("speech_commands", False)
    assert summary["skipped_sources"] == [{"source": "folder", "reason": "dataset.root is not set"}]
    assert summary["counts"]["one"] == {"training": 8, "validation": 2, "testing": 2}


def test_the_data_set_is_downloaded_only_if_configured(archive: bytes, tmp_path: Path):
    with serve(archive, "sc.tar.gz") as server:
        with_download = config(server, tmp_path / "cache")
        without_download = config(server, tmp_path / "cache", download=False)
        with pytest.raises(SourceUnavailable) as caught:
            SpeechCommandsSource(without_download).find()
        assert server.requests == [] and not (tmp_path / "cache").exists()
        SpeechCommandsSource(with_download).find()
    assert str(caught.value) == f"Speech Commands v0.02 is not in {tmp_path / 'cache'}"
    assert caught.value.remedy == (
        "dataset=speech_commands or dataset.speech_commands.download=true downloads it (0.0 GB, 0.0 GB on the disk)"
    )
    assert len(SpeechCommandsSource(without_download).find().words) == 72  # from the cache


def test_an_archive_in_the_cache_is_not_downloaded(archive: bytes, tmp_path: Path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "sc.tar.gz").write_bytes(archive)
    with serve(archive, "sc.tar.gz") as server:
        source = SpeechCommandsSource(config(server, tmp_path / "cache", download=False))
        assert len(source.find().words) == 72
    assert server.requests == []


def test_downloads_are_recorded(archive: bytes, tmp_path: Path):
    with serve(archive, "sc.tar.gz") as server:
        found = SpeechCommandsSource(config(server, tmp_path / "cache")).find()
    assert found.downloads == (
        {
            "urls": [server.url],
            "sha256": hashlib.sha256(archive).hexdigest(),
            "sha256_was_known": True,
            "size_bytes": len(archive),
        },
    )


def test_the_sizes_of_a_download_are_printed(
    archive: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with serve(archive, "sc.tar.gz") as server:
        SpeechCommandsSource(config(server, tmp_path / "cache")).find()
    stderr = capsys.readouterr().err
    assert "GB to download and" in stderr
    assert "needs 0.00 GB in" in stderr and ", free " in stderr


def test_the_second_mirror_continues_the_download(archive: bytes, tmp_path: Path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "sc.tar.gz.part").write_bytes(archive[:7000])
    with serve(archive, "sc.tar.gz", status=503) as down, serve(archive, "sc.tar.gz") as up:
        source = SpeechCommandsSource(config(up, tmp_path / "cache", urls=(down.url, up.url)))
        assert len(source.find().words) == 72
    assert (down.requests, up.requests) == (["bytes=7000-"], ["bytes=7000-"])


def test_without_a_network_the_source_is_unavailable(archive: bytes, tmp_path: Path):
    with serve(archive, "sc.tar.gz") as server:
        pass
    with pytest.raises(SourceUnavailable, match=r"sc.tar.gz: Connection refused"):
        SpeechCommandsSource(config(server, tmp_path / "cache")).find()


def test_without_disk_space_there_is_no_download(
    archive: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2 * len(archive)))
    with serve(archive, "sc.tar.gz") as server:
        with pytest.raises(SourceUnavailable, match="GB for the archives and recordings"):
            SpeechCommandsSource(config(server, tmp_path / "cache")).find()
        assert server.requests == []


def test_a_cache_that_cannot_be_created_makes_the_source_unavailable(archive: bytes, tmp_path: Path):
    (tmp_path / "cache").write_text("a file")
    with serve(archive, "sc.tar.gz") as server, pytest.raises(SourceUnavailable, match="cache: File exists"):
        SpeechCommandsSource(config(server, tmp_path / "cache")).find()


def test_an_archive_with_another_hash_is_an_error(archive: bytes, tmp_path: Path):
    with serve(archive, "sc.tar.gz") as server, pytest.raises(KwspipeError, match="a file of sha256"):
        SpeechCommandsSource(config(server, tmp_path / "cache", sha256="1" * 64)).find()
    assert [p for p in (tmp_path / "cache").iterdir() if not p.name.startswith(".")] == []


def test_a_hostile_archive_is_an_error(corpus: Path, tmp_path: Path):
    (corpus / "one" / "link").symlink_to("/etc/passwd")
    path = tmp_path / "hostile.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.add(corpus, ".")
    with serve(path.read_bytes(), "sc.tar.gz") as server:
        source = SpeechCommandsSource(config(server, tmp_path / "cache"))
        with pytest.raises(KwspipeError, match=r"member './one/link' is a link or a device"):
            source.find()
    assert not source.folder.exists()
