"""Keys of earlier releases: the new key of a renamed one, the reason for a deleted one."""

# By the key of the earlier release.
RENAMED: dict[str, str] = {
    "adopt": "import",
    "adopt.labels": "import.labels",
    "adopt.path": "import.path",
    "negatives": "dataset/negatives",
    "train.other_words_apart": "train.num_auxiliary_word_classes",
    "transfer.match_words": "transfer.class_outputs",
    "transfer.min_loaded_fraction": "transfer.skip_mismatch",
}

# Settings in percent that are now fractions, and ratios whose name contained "percentage", in dataset/.
_TO_FRACTION = ("negative_validation", "negative_testing", "validation", "testing")
_TO_RATIO = ("partial", "ending", "several", "babble", "near_miss", "speech", "colour", "click", "level")
FRACTIONS = {f"dataset.{name}_percentage": f"dataset.{name}_fraction" for name in _TO_FRACTION}
RATIOS = {
    **{f"dataset.negatives.{name}_percentage": f"dataset.negatives.{name}_ratio" for name in _TO_RATIO},
    "dataset.silence_class_percentage": "dataset.silence_class_ratio",
    "dataset.zero_silence_percentage": "dataset.zero_silence_fraction",
}
RENAMED |= FRACTIONS | RATIOS

_NO_GAIN = "no measurement showed a gain (docs/experiments-log.md)"
_NO_GPU = "it has not been measured on a GPU"
DELETED: dict[str, str] = {
    "train.batch_norm_batches": _NO_GAIN,
    "train.devices": "the first visible GPU is used; choose GPUs with the variable CUDA_VISIBLE_DEVICES",
    "train.first_layer_rate": _NO_GAIN,
    "train.focal_gamma": _NO_GAIN,
    "train.quantization_aware": _NO_GAIN,
    "train.sampling": _NO_GAIN,
    "train.strategy": _NO_GPU,
    "train.weight_decay_to": _NO_GAIN,
    "train.xla": _NO_GPU,
    "distill.runs": _NO_GAIN,
    "distill.speech_embedding": "the group has one teacher; choose it with distill=speech_embedding",
}

# Accepted with a warning until the next release.
ALIASES = ("adopt.labels", "adopt.path")

# Choices of a group, by group; None: deleted.
CHOICES: dict[str, dict[str, str | None]] = {
    "train": {"best": "finetune", "seed": "tutorial"},
    "distill": {"networks": None, "networks_and_embedding": None},
}


def hint(key: str, value: object = None) -> str | None:
    """Returns the sentence about a key of an earlier release, None if the key never existed.

    Args:
        key: the dotted key.
        value: its value, in the unit of the earlier release.
    """
    if key in FRACTIONS:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        new, old = (f"{value / 100:.10g}", value) if is_number else ("0.1", "10.0")  # type: ignore[operator]
        return f"{key}: renamed to {FRACTIONS[key]}, a fraction. Use {new} for {old}"
    if key in RATIOS:
        return f"{key}: renamed. Use {RATIOS[key]} instead, with the same value"
    if key in RENAMED:
        return f"{key}: renamed. Use {RENAMED[key]} instead"
    if key in DELETED:
        return f"{key}: deleted, because {DELETED[key]}. Leave it out"
    return None
