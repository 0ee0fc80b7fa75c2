"""Synthetic clips in addition to recordings, in the training split only.

Validation and testing contain recordings only. Other words also receive synthetic clips. If only the keywords were
synthetic, the network could learn to distinguish synthetic from recorded speech.
"""

import itertools
import logging
import math
from collections.abc import Sequence
from contextlib import closing

from kwspipe.dataset.recordings import Recording
from kwspipe.dataset.selection import ClipQuota, num_class_clips, round_robin
from kwspipe.dataset.sources.synthetic import SyntheticSource
from kwspipe.dataset.store.store_builder import StoreBuilder
from kwspipe.labels import UNKNOWN

log = logging.getLogger(__name__)


def write_synthetic_clips(run: StoreBuilder) -> dict[str, int]:
    """Writes ``synthetic_training_clips_per_word`` clips of each keyword and a proportional number of other words.

    Returns:
        The number of written clips by label. It is empty if no clips are configured or all clips are synthetic.

    Raises:
        KwspipeError: a speech synthesizer is not installed.
    """
    num_clips = run.dataset.synthetic_training_clips_per_word
    if num_clips == 0:
        return {}
    if run.source.synthetic:
        log.warning("dataset.synthetic_training_clips_per_word is ignored: all clips are synthetic")
        return {}
    source = SyntheticSource(run.dataset, 0.0, run.seed)
    with closing(source):
        keywords, others = source.words()
        before = run.counts.copy()
        clips = source.training_clips(keywords, num_clips)
        run.write_clips(
            [_quota(word, clips[word], num_clips) for word in keywords], "synthetic keywords", source
        )
        num_keyword_clips = run.num_keyword_clips("training") - sum(
            before[word, "training"] for word in keywords
        )
        num_unknown = num_class_clips(
            run.dataset, run.dataset.unknown_class_percentage, "training", num_keyword_clips
        )
        if others and num_unknown:
            # One additional clip per word replaces clips that cannot be used.
            unknown = source.training_clips(others, math.ceil(num_unknown / len(others)) + 1)
            queue = list(round_robin([unknown[word] for word in others]))
            run.write_clips([_quota(UNKNOWN, queue, num_unknown)], "synthetic others", source)
    added = run.counts - before
    return {label: added[label, "training"] for label in (*keywords, UNKNOWN) if added[label, "training"]}


def _quota(label: str, clips: Sequence[Recording], num_clips: int) -> ClipQuota:
    return ClipQuota(label, "training", itertools.chain(clips), num_clips)
