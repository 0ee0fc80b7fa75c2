"""Multilingual Spoken Words from a local server, in the published layout."""

import csv
import hashlib
import io
import logging
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kwspipe.config import DatasetConfig, FrontendConfig
from kwspipe.dataset.prepare import prepare
from kwspipe.dataset.recordings import SourceUnavailable
from kwspipe.dataset.sources.mswc import MswcSource
from kwspipe.dataset.sources.source_factory import input_hashes
from kwspipe.errors import KwspipeError
from support.datasets import make_mswc, tone, write
from support.default_settings import FRONTEND
from support.file_server import Behaviour, serve

Make = Callable[..., DatasetConfig]
WORDS = ("one", "two", "three", "tree", "grün", "cat", "dog")
HEADER = ("SET", "LINK", "WORD", "VALID", "SPEAKER", "GENDER")
pytestmark = pytest.mark.usefixtures("no_waiting")


def speaker(number: int) -> str:
    return hashlib.sha512(f"person {number}".encode()).hexdigest()


def rows() -> list[tuple[str, ...]]:
    """Returns a table in which each of twenty speakers has one clip per word, and is in several published sets."""
    sets = ("TRAIN", "DEV", "TEST")
    table = []
    for index, word in enumerate(WORDS):
        for number in range(20):
            link = f"{word}/common_voice_en_{100 * index + number}.opus"
            table.append((sets[(index + number) % 3], link, word, "True", speaker(number), "NAN"))
    table[3] = ("TRAIN", table[3][1], "one", "False", "NA", "NAN")
    table[4] = ("TRAIN", table[4][1], "one", "True", "NA", "NAN")
    table.append(("TRAIN", "../../escaped.opus", "one", "True", speaker(1), "NAN"))
    table.append(("TRAIN", "one/gone.opus", "one", "True", speaker(2), "NAN"))
    return table


def audio_archive(folder: Path) -> bytes:
    for index, word in enumerate(WORDS):
        for number in range(20):
            path = folder / "en" / "clips" / word / f"common_voice_en_{100 * index + number}.opus"
            write(path, tone(200 + 60 * index + number), 48000, format="OGG", subtype="OPUS")
    return packed(folder / "en", "en")


def packed(path: Path, name: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        tar.add(path, name)
    return buffer.getvalue()


def splits_archive(folder: Path, table: list[tuple[str, ...]], header: tuple[str, ...] = HEADER) -> bytes:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "en_splits.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *table])
    return packed(folder / "en_splits.csv", "en_splits.csv")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    folder = tmp_path_factory.mktemp("mswc")
    return audio_archive(folder / "audio"), splits_archive(folder / "splits", rows())


@pytest.fixture
def servers(published: tuple[bytes, bytes]) -> Iterator[tuple[Behaviour, Behaviour]]:
    with ExitStack() as stack:
        audio, splits = (stack.enter_context(serve(content, "en.tar.gz")) for content in published)
        yield audio, splits


@pytest.fixture
def make(make_dataset: Make, servers: tuple[Behaviour, Behaviour], tmp_path: Path) -> Make:
    def of(mswc: dict[str, Any] | None = None, **values: Any) -> DatasetConfig:
        audio, splits = (server.url.replace("/en.", "/{language}.") for server in servers)
        defaults = {"download": True, "audio_urls": (audio,), "splits_urls": (splits,)}
        config = make_mswc(str(tmp_path / "cache"), **(defaults | (mswc or {})))
        return make_dataset(root=None, sources=("mswc",), mswc=config, **values)

    return of


def test_all_clips_of_keywords_and_some_clips_of_other_words(
    make: Make, servers: tuple[Behaviour, Behaviour]
):
    source = MswcSource(make({"max_other_words": 3}), seed=1)
    found = source.find()
    assert found == source.find()
    assert [server.requests for server in servers] == [["HEAD", None], ["HEAD", None]]
    counts: dict[str, int] = {}
    for recording in found.words:
        counts[recording.word] = counts.get(recording.word, 0) + 1
        assert recording.split is None and len(recording.speaker) == 20
    # Two rows have no valid speaker. One file does not exist, which is detected when it is read.
    assert counts.pop("one") == 20 - 2 + 1
    assert counts.pop("two") == counts.pop("three") == 20
    assert set(counts.values()) == {5} and len(counts) == 3
    assert [(r.path, r.reason) for r in found.rejected] == [
        ("one/common_voice_en_3.opus", "not_valid"),
        ("one/common_voice_en_4.opus", "no_speaker"),
        ("../../escaped.opus", "not_audio"),
    ]


def test_a_store_has_every_speaker_in_one_split(
    make: Make, frontend: FrontendConfig, tmp_path: Path, corpus: Path, caplog: pytest.LogCaptureFixture
):
    (tmp_path / "prepare").mkdir()
    dataset = make(noise_roots=(str(corpus / "_background_noise_"),))
    with caplog.at_level(logging.WARNING):
        summary = prepare(dataset, frontend, 1, tmp_path / "prepare")
    assert summary["source_used"] == "mswc"
    assert summary["rejected"] == {"no_speaker": 1, "not_audio": 1, "not_valid": 1, "unreadable": 1}
    counts = summary["counts"]["one"]
    assert sum(counts.values()) == 18 and counts["validation"] and counts["testing"]
    # Without a configured sha256 a warning is logged. The sha256 of the summary can be configured.
    (audio, splits) = summary["downloads"]
    assert not audio["sha256_was_known"] and audio["urls"][0].endswith("/en.tar.gz")
    assert (
        f"mswc-en-audio.tar.gz is not checked: no sha256 is configured; its sha256 is {audio['sha256']}"
        in caplog.text
    )
    pinned = make({"audio_sha256": audio["sha256"], "splits_sha256": splits["sha256"]})
    assert len(MswcSource(pinned, 1).find().words) > 60


def test_unknown_words_are_configurable(make: Make):
    found = MswcSource(make(unknown_words=("cat", "gru\u0308n")), seed=1).find()
    assert {r.word for r in found.words} == {"one", "two", "three", "cat", "grün"}


def test_similar_words_are_selected(make: Make):
    found = MswcSource(make({"max_other_words": 4}), seed=1).find()
    assert "tree" in {r.word for r in found.words}


def test_the_corpus_is_downloaded_only_if_configured(make: Make, servers: tuple[Behaviour, Behaviour]):
    dataset = make({"download": False})
    with pytest.raises(SourceUnavailable) as caught:
        MswcSource(dataset, 1).find()
    assert "Multilingual Spoken Words, en is not in" in str(caught.value)
    assert caught.value.remedy == "dataset=mswc or dataset.mswc.download=true downloads it"
    assert [server.requests for server in servers] == [[], []]
    before = input_hashes(dataset, FRONTEND, 1)["mswc"]
    MswcSource(make(), 1).find()
    assert len(MswcSource(dataset, 1).find().words) > 60  # from the cache
    assert (before, input_hashes(dataset, FRONTEND, 1)["mswc"]) == ("not there", "there")


def test_an_archive_with_another_hash_is_an_error(make: Make):
    with pytest.raises(KwspipeError, match=r"a file of sha256 [0-9a-f]{64}. Allowed: sha256 1{64}"):
        MswcSource(make({"audio_sha256": "1" * 64}), 1).find()


def test_the_disk_space_is_checked_before_the_download(
    make: Make,
    servers: tuple[Behaviour, Behaviour],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(SourceUnavailable, match=r"0\.00 GB free on its disk"):
        MswcSource(make(), 1).find()
    assert "to download and" in capsys.readouterr().err
    assert [server.requests for server in servers] == [["HEAD"], ["HEAD"]]


@pytest.mark.parametrize(
    ("table", "header", "message"),
    [
        ([], ("SET", "LINK", "WORD"), "it does not have the columns LINK, WORD, VALID, SPEAKER"),
        ([("TRAIN", "one/a.opus", "one")], HEADER, "it does not have all columns in line 2"),
    ],
)
def test_a_table_with_other_columns_is_an_error(
    make: Make, tmp_path: Path, table: list[tuple[str, ...]], header: tuple[str, ...], message: str
):
    content = splits_archive(tmp_path / "other", table, header)
    with serve(content, "en.tar.gz") as server, pytest.raises(KwspipeError) as caught:
        MswcSource(make({"splits_urls": (server.url,)}), 1).find()
    assert message in str(caught.value)
    assert "delete this folder from the cache" in str(caught.value)


def test_archives_of_another_language_are_an_error(make: Make, published: tuple[bytes, bytes]):
    with (
        serve(published[0], "de.tar.gz") as server,
        pytest.raises(KwspipeError, match="it does not have de/clips"),
    ):
        MswcSource(
            make({"language": "de", "audio_urls": (server.url,), "splits_urls": (server.url,)}), 1
        ).find()
