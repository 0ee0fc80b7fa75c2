"""Recording session: room noise, then takes of all words in turn. Rejected takes are repeated."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kwspipe.audio.microphone import AudioInput
from kwspipe.audio.pcm import Pcm
from kwspipe.config import RecordConfig
from kwspipe.errors import KwspipeError
from kwspipe.recording.display import Display
from kwspipe.recording.files import count_takes, store_noise, store_take
from kwspipe.recording.take_check import SILENCE_DB, check_take, is_clipped, noise_db

BLOCK_MS = 50
# Audio stored before and after a word, so that the augmentation can shift the word within room noise.
MARGIN_MS = 200


class _StoppedError(Exception):
    """The speaker has stopped the session."""


@dataclass
class Report:
    """Results of a session, the content of session.json.

    Attributes:
        device: name of the microphone.
        rate_hz: sample rate of the microphone.
        room_db: level of the room noise below full scale.
        filed: the stored files, with path, word and levels.
        repeated: the rejected takes, with word and reason.
        given_up: the words of takes that were rejected more than ``max_retakes`` times.
        ended_early: the speaker stopped the session.
    """

    device: str
    rate_hz: int
    room_db: float = SILENCE_DB
    filed: list[dict[str, Any]] = field(default_factory=list)
    repeated: list[dict[str, str]] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    ended_early: bool = False


class Session:
    """Records words of one speaker.

    Args:
        source: the microphone.
        config: number and length of takes, and limits of the quality checks.
        words: the words to record.
        root: root folder of the data set.
        display: prompts for the speaker.
        stop_requested: returns whether to stop the session. It is called every 50 ms.
    """

    def __init__(
        self,
        source: AudioInput,
        config: RecordConfig,
        words: Sequence[str],
        root: Path,
        display: Display,
        stop_requested: Callable[[], bool] = lambda: False,
    ) -> None:
        assert config.speaker is not None
        self.source = source
        self.config = config
        self.speaker: str = config.speaker
        self.words = words
        self.root = root
        self.display = display
        self.stop_requested = stop_requested
        self.report = Report(source.name, source.rate_hz)

    def run(self) -> Report:
        """Records all takes of all words, or until the speaker stops. Stored files are kept in both cases.

        Raises:
            KwspipeError: the microphone ends, the room noise clips, or a file cannot be written.
        """
        try:
            self._record_noise()
            total = len(self.words) * self.config.takes
            for number in range(total):
                # The words alternate, because repetitions of one word sound unnatural.
                self._record_word(self.words[number % len(self.words)], number + 1, total)
        except _StoppedError:
            self.report.ended_early = True
        return self.report

    def _record_noise(self) -> None:
        """Records the room noise, which is stored and is the reference level of the quality checks."""
        if self.config.noise_s == 0:
            return
        self.display.show_message(f"Please be quiet: recording {self.config.noise_s:g} s of room noise")
        self._read(self.config.pause_s)
        pcm = self._read(self.config.noise_s)
        self.report.room_db = noise_db(pcm, self.source.rate_hz)
        if is_clipped(pcm):
            raise KwspipeError(
                "record",
                "room noise that clips",
                "room noise that is quieter than speech",
                "reduce the gain of the microphone, or move it, and run the same command again",
            )
        if pcm.any():  # microphones with a noise gate give zeros, which are not room noise
            path = store_noise(self.root, self.speaker, pcm, self.source.rate_hz)
            self.report.filed.append(
                {"path": str(path), "word": "", "level_db": round(self.report.room_db, 1)}
            )
        self.display.show_message(f"Room noise: {self.report.room_db:.0f} dB")

    def _record_word(self, word: str, number: int, total: int) -> None:
        """Records one take of a word, with up to ``max_retakes`` repetitions."""
        for _ in range(1 + self.config.max_retakes):
            self.display.announce(word, number, total, count_takes(self.root, word, self.speaker))
            self._read(self.config.pause_s)
            self.display.prompt(word)
            pcm = self._read(self.config.take_s)
            check = check_take(pcm, self.source.rate_hz, self.report.room_db, self.config)
            if check.fault is None:
                margin = self.source.rate_hz * MARGIN_MS // 1000
                samples = pcm[max(0, check.start - margin) : check.end + margin]
                path = store_take(self.root, word, self.speaker, samples, self.source.rate_hz)
                levels = {"peak_db": round(check.peak_db, 1), "snr_db": round(check.snr_db, 1)}
                self.report.filed.append({"path": str(path), "word": word, **levels})
                self.display.show_stored(path, check.peak_db, check.snr_db)
                return
            self.report.repeated.append({"word": word, "reason": check.fault})
            self.display.show_rejected(word, check.fault)
        self.report.given_up.append(word)

    def _read(self, duration_s: float) -> Pcm:
        """Reads the microphone and shows its level.

        Raises:
            _StoppedError: the speaker has stopped the session.
            KwspipeError: the microphone returns no more samples.
        """
        remaining = round(duration_s * self.source.rate_hz)
        blocks: list[Pcm] = []
        while remaining > 0:
            if self.stop_requested():
                raise _StoppedError
            block = self.source.read(min(remaining, self.source.rate_hz * BLOCK_MS // 1000))
            if block.size == 0:
                raise KwspipeError(
                    "record.device",
                    f"{self.source.name}, which returns no more samples",
                    "a microphone that stays connected",
                    "connect it again and run the same command; stored takes are kept",
                )
            self.display.show_level(block)
            blocks.append(block)
            remaining -= block.size
        return np.concatenate(blocks) if blocks else np.zeros(0, np.int16)
