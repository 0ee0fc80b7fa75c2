"""Augmentation: where the word lies in the clip, and the transforms a YAML file may name.

Transforms work on whole batches of clips (``batch.py``), in the order of the list. Each clip's draws depend on the
seed, the epoch and the clip alone (``draws.py``): neither the number of workers nor the batch a clip is in changes it.
"""

from kwspipe.augment.augmenter import Augmenter, check, sources
from kwspipe.augment.batch import crop_or_pad_around_word
from kwspipe.augment.random import clip_keys

__all__ = ["Augmenter", "check", "clip_keys", "crop_or_pad_around_word", "sources"]
