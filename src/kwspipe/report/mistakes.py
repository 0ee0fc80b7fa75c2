"""Misclassified clips with the highest scores, grouped into false accepts, misses and confusions."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np

from kwspipe.augment import crop_or_pad_around_word
from kwspipe.config import FrontendConfig
from kwspipe.core.frontend import FrontEnd
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.errors import KwspipeError
from kwspipe.labels import is_keyword
from kwspipe.report.formatting import percent
from kwspipe.report.media import ClipView, clip_view
from kwspipe.report.run_contents import RunContents

GROUPS: tuple[tuple[str, str, Callable[[str, str], bool]], ...] = (
    (
        "False accepts",
        "The clip contains no keyword and was classified as one.",
        lambda label, predicted: not is_keyword(label) and is_keyword(predicted),
    ),
    (
        "Misses",
        "The clip contains a keyword and was classified as none.",
        lambda label, predicted: is_keyword(label) and not is_keyword(predicted),
    ),
    (
        "Confusions",
        "A keyword was classified as another keyword, or an unknown word as silence or the reverse.",
        lambda label, predicted: is_keyword(label) == is_keyword(predicted),
    ),
)
Group = tuple[str, str, int, list[ClipView]]


def groups(run: RunContents, frontend: FrontendConfig, max_clips: int) -> list[Group]:
    """Returns the misclassified clips by group, in order of decreasing score.

    Args:
        run: the run; without its prepared clips there are no groups.
        frontend: front end settings of the model.
        max_clips: maximum number of clips per group.

    Returns:
        Name, description, number of rows in mistakes.csv and clips with the highest scores, per group.

    Raises:
        KwspipeError: mistakes.csv names clips that the prepared store does not contain.
    """
    rows = [row for row in run.mistakes if row.get("clip")]
    if not rows or "prepare" not in run.manifests or not (run.run_dir / "prepare").is_dir():
        return []
    store, front_end = ClipStore(run.run_dir / "prepare"), FrontEnd(frontend)
    found: list[Group] = []
    for name, description, belongs in GROUPS:
        members = [row for row in rows if belongs(row["label"], row["predicted"])]
        clips = [_view(row, store, front_end, frontend) for row in members[:max_clips]]
        if members:
            found.append((name, description, len(members), clips))
    return found


def _view(row: dict[str, str], store: ClipStore, front_end: FrontEnd, frontend: FrontendConfig) -> ClipView:
    number = _clip_number(row, store)
    # As in the evaluation, the word is centred and nothing is added.
    unused = np.random.default_rng(0)
    pcm = crop_or_pad_around_word(
        store.clip(number), store.word_bounds(number), frontend.sample_length, "center", unused
    )
    title = f"{row['label']} \N{RIGHTWARDS ARROW} {row['predicted']}"
    note = f"score {percent(float(row['score']), 0)} · {row['path']}"
    return clip_view(title, note, pcm, front_end.features(pcm[None])[0], frontend.sample_rate_hz)


def _clip_number(row: dict[str, str], store: ClipStore) -> int:
    try:
        number = int(row["clip"])
        if store.path(number) == row["path"] and number >= 0:
            return number
    except (ValueError, IndexError, csv.Error):
        pass
    raise KwspipeError(
        str(Path("evaluate") / "mistakes.csv"),
        f"clip {row['clip']!r} with path {row['path']!r}",
        "clips of the prepared store",
        "run evaluate again",
    )
