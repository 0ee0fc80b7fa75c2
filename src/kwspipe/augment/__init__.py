"""Augmentation of training clips: position of the word, and the transforms of conf/augment.

Transforms are applied to batches of clips (``batch.py``), in the order of the configuration. The random numbers of a
clip depend only on the seed, the epoch and the clip (``random.py``). The result therefore does not depend on the number
of workers or on the batch.
"""

from kwspipe.augment.augmenter import Augmenter, check, sources
from kwspipe.augment.batch import crop_or_pad_around_word
from kwspipe.augment.random import clip_keys

__all__ = ["Augmenter", "check", "clip_keys", "crop_or_pad_around_word", "sources"]
