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


def hint(key: str) -> str | None:
    """Returns the sentence about a key of an earlier release, None if the key never existed."""
    if key in RENAMED:
        return f"{key}: renamed. Use {RENAMED[key]} instead"
    if key in DELETED:
        return f"{key}: deleted, because {DELETED[key]}. Leave it out"
    return None
