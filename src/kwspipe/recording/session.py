"""A session at the microphone: the room's noise, then words in turn, each take judged, and again where it fails."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kwspipe.audio.microphone import AudioInput
from kwspipe.audio.pcm import Pcm
from kwspipe.config import RecordConfig
from kwspipe.errors import KwspipeError
from kwspipe.recording.display import Display
from kwspipe.recording.files import file_noise, file_take, num_takes
from kwspipe.recording.take_check import SILENCE_DB, is_clipped, judge, noise_db

BLOCK_MS = 50
# What is kept around a word: room for the augmentation to move it, and some of the room's sound.
KEPT_AROUND_MS = 200


class Ended(Exception):  # noqa: N818  (no fault: the speaker has had enough)
    """The session was asked to end."""


@dataclass
class Report:
    """What a session left.

    Attributes:
        device: name of the microphone.
        rate_hz: its sample rate.
        room_db: level of the room's noise.
        filed: every file written: path, word, and what the take was like.
        repeated: every take that was not good: word and reason.
        given_up: words whose take failed as often as ``max_retakes`` allows.
        ended_early: the speaker ended it.
    """

    device: str
    rate_hz: int
    room_db: float = SILENCE_DB
    filed: list[dict[str, Any]] = field(default_factory=list)
    repeated: list[dict[str, str]] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    ended_early: bool = False


class Session:
    """Records words by one speaker.

    Args:
        source: the microphone.
        config: how many takes, of what length, and what is good enough.
        words: to be spoken.
        root: the data set's folder.
        display: tells the speaker what to do.
        ending: tells whether to end; asked every 50 ms.
    """

    def __init__(
        self,
        source: AudioInput,
        config: RecordConfig,
        words: Sequence[str],
        root: Path,
        display: Display,
        ending: Callable[[], bool] = lambda: False,
    ) -> None:
        assert config.speaker is not None
        self.source = source
        self.config = config
        self.speaker: str = config.speaker
        self.words = words
        self.root = root
        self.display = display
        self.ending = ending
        self.report = Report(source.name, source.rate_hz)

    def run(self) -> Report:
        """Records until every word has its takes, or until the speaker ends it; what is filed stays."""
        try:
            self._noise()
            total = len(self.words) * self.config.takes
            for number in range(total):
                # Words in turn: the tenth "seven" in a row is not how anyone speaks.
                self._word(self.words[number % len(self.words)], number + 1, total)
        except Ended:
            self.report.ended_early = True
        return self.report

    def _noise(self) -> None:
        """Records the room, which is both a recording of noise and what takes are measured against."""
        if self.config.noise_s == 0:
            return
        self.display.say(f"Quiet, please: {self.config.noise_s:g} s of the room's own noise")
        self._listen(self.config.pause_s)
        pcm = self._listen(self.config.noise_s)
        self.report.room_db = noise_db(pcm, self.source.rate_hz)
        if is_clipped(pcm):
            raise KwspipeError(
                "record",
                "room noise that clips",
                "a room quieter than speech",
                "turn the microphone down, or move it, and run the same command again",
            )
        if pcm.any():  # digital zero is no room's noise; a microphone that gates gives it
            path = file_noise(self.root, self.speaker, pcm, self.source.rate_hz)
            self.report.filed.append(
                {"path": str(path), "word": "", "level_db": round(self.report.room_db, 1)}
            )
        self.display.say(f"The room is at {self.report.room_db:.0f} dB")

    def _word(self, word: str, number: int, total: int) -> None:
        for _ in range(1 + self.config.max_retakes):
            self.display.prompt(word, number, total, num_takes(self.root, word, self.speaker))
            self._listen(self.config.pause_s)
            self.display.now(word)
            pcm = self._listen(self.config.take_s)
            judgement = judge(pcm, self.source.rate_hz, self.report.room_db, self.config)
            if judgement.fault is None:
                margin = self.source.rate_hz * KEPT_AROUND_MS // 1000
                kept = pcm[max(0, judgement.start - margin) : judgement.end + margin]
                path = file_take(self.root, word, self.speaker, kept, self.source.rate_hz)
                self.report.filed.append({"path": str(path), "word": word, **_rounded(asdict(judgement))})
                self.display.good(path, judgement.peak_db, judgement.snr_db)
                return
            self.report.repeated.append({"word": word, "reason": judgement.fault})
            self.display.bad(word, judgement.fault)
        self.report.given_up.append(word)

    def _listen(self, duration_s: float) -> Pcm:
        """Reads the microphone for a while, showing its level.

        Raises:
            Ended: the speaker has had enough.
            KwspipeError: the microphone gives no more.
        """
        left = round(duration_s * self.source.rate_hz)
        blocks: list[Pcm] = []
        while left > 0:
            if self.ending():
                raise Ended
            block = self.source.read(min(left, self.source.rate_hz * BLOCK_MS // 1000))
            if block.size == 0:
                raise KwspipeError(
                    "record.device",
                    f"{self.source.name}, which gives no more samples",
                    "a microphone that stays connected",
                    "connect it again and run the same command: what is filed stays",
                )
            self.display.level(block)
            blocks.append(block)
            left -= block.size
        return np.concatenate(blocks) if blocks else np.zeros(0, np.int16)


def _rounded(judgement: dict[str, Any]) -> dict[str, float]:
    return {name: round(judgement[name], 1) for name in ("peak_db", "snr_db")}
