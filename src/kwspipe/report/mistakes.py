"""The worst mistakes, to hear and to look at, by what they mean to a user."""

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
from kwspipe.report.facts import RunFacts
from kwspipe.report.figures import percent
from kwspipe.report.media import ClipView, view

GROUPS: tuple[tuple[str, str, Callable[[str, str], bool]], ...] = (
    (
        "False accepts",
        "no keyword was said, and one was heard",
        lambda label, predicted: not is_keyword(label) and is_keyword(predicted),
    ),
    (
        "Misses",
        "a keyword was said, and none was heard",
        lambda label, predicted: is_keyword(label) and not is_keyword(predicted),
    ),
    (
        "Mix-ups",
        "one class was taken for another",
        lambda label, predicted: is_keyword(label) == is_keyword(predicted),
    ),
)
Group = tuple[str, str, int, list[ClipView]]


def groups(facts: RunFacts, frontend: FrontendConfig, max_clips: int) -> list[Group]:
    """Returns the mistakes by kind, the most confident first.

    Args:
        facts: of the run; its prepared clips have to be there.
        frontend: the settings the model was trained with.
        max_clips: shown of each kind.

    Returns:
        Name and meaning of each kind, how many mistakes.csv lists, and the worst of them.
    """
    rows = [row for row in facts.mistakes if row.get("clip")]
    if not rows or "prepare" not in facts.manifests or not (facts.run_dir / "prepare").is_dir():
        return []
    store, front_end = ClipStore(facts.run_dir / "prepare"), FrontEnd(frontend)
    found: list[Group] = []
    for name, meaning, belongs in GROUPS:
        members = [row for row in rows if belongs(row["label"], row["predicted"])]
        clips = [_view(row, store, front_end, frontend) for row in members[:max_clips]]
        if members:
            found.append((name, meaning, len(members), clips))
    return found


def _view(row: dict[str, str], store: ClipStore, front_end: FrontEnd, frontend: FrontendConfig) -> ClipView:
    number = _number(row, store)
    # As it was measured: the word in the middle, nothing added.
    unused = np.random.default_rng(0)
    pcm = crop_or_pad_around_word(
        store.clip(number), store.word_bounds(number), frontend.sample_length, "center", unused
    )
    title = f"{row['label']} \N{RIGHTWARDS ARROW} {row['predicted']}"
    note = f"{percent(float(row['score']), 0)} sure · {row['path']}"
    return view(title, note, pcm, front_end.features(pcm[None])[0], frontend.sample_rate_hz)


def _number(row: dict[str, str], store: ClipStore) -> int:
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
