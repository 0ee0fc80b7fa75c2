"""Synthetic clips beside recordings, in the training split only.

Validation and testing stay what people said. Unknown words get their share of synthetic clips too: were only the
keywords synthesized, the network would learn to tell machines from people.
"""

import itertools
import logging
import math
from collections import Counter
from collections.abc import Sequence
from contextlib import closing

from kwspipe.dataset.recordings import Recording, Split
from kwspipe.dataset.selection import ClipQuota, num_class_clips, round_robin
from kwspipe.dataset.sources.synthetic import SyntheticSource
from kwspipe.dataset.store.store_builder import StoreBuilder
from kwspipe.labels import UNKNOWN

log = logging.getLogger(__name__)


def write_synthetic_clips(run: StoreBuilder) -> dict[str, int]:
    """Speaks and writes ``synthetic_training_clips_per_word`` of each keyword, and of other words their share.

    Returns:
        The clips written, by label; empty where none are wanted, or where all clips are synthetic anyway.

    Raises:
        KwspipeError: an engine is not installed.
    """
    num_clips = run.dataset.synthetic_training_clips_per_word
    if num_clips == 0:
        return {}
    if run.source.synthetic:
        log.warning("dataset.synthetic_training_clips_per_word adds nothing: all clips are synthetic already")
        return {}
    source = SyntheticSource(run.dataset, 0.0, run.seed)
    with closing(source):
        keywords, others = source.words()
        before = run.counts.copy()
        clips = source.training_clips(keywords, num_clips)
        run.write_clips(
            [_draw(word, clips[word], num_clips) for word in keywords], "synthetic keywords", source
        )
        num_keyword_clips = run.num_keyword_clips("training") - sum(
            before[word, "training"] for word in keywords
        )
        num_unknown = num_class_clips(
            run.dataset, run.dataset.unknown_class_percentage, "training", num_keyword_clips
        )
        if others and num_unknown:
            # One more of each word than needed: there may be clips that turn out unusable.
            unknown = source.training_clips(others, math.ceil(num_unknown / len(others)) + 1)
            queue = list(round_robin([unknown[word] for word in others]))
            run.write_clips([_draw(UNKNOWN, queue, num_unknown)], "synthetic others", source)
    return {label: count for label in (*keywords, UNKNOWN) if (count := _added(run, before, label))}


def _draw(label: str, clips: Sequence[Recording], num_clips: int) -> ClipQuota:
    return ClipQuota(label, "training", itertools.chain(clips), num_clips)


def _added(run: StoreBuilder, before: Counter[tuple[str, Split]], label: str) -> int:
    return run.counts[label, "training"] - before[label, "training"]
