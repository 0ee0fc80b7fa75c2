"""Under which licences stands what a model may be made of."""

SOURCE_LICENCES = {
    "speech_commands": "Google Speech Commands v0.02, CC BY 4.0 (Pete Warden, 2018)",
    "mswc": "Multilingual Spoken Words Corpus, CC BY 4.0 (Mazumder et al., 2021; voices of Common Voice)",
    "synthetic": "spoken by espeak-ng (GPL-3.0, which what it speaks is not under) or Kokoro (Apache-2.0)",
    "folder": "recordings of the maker's own; their licence is not known to kwspipe: ask the maker",
}
BUNDLED = "the checkpoint of kwspipe (Apache-2.0; speech CC BY 4.0, CC BY-SA 4.0 and MIT)"
CHECKPOINTS = {
    "mobilenet_v2.weights.h5": BUNDLED,
    "tc_resnet.weights.h5": BUNDLED,
    "keyword_spotting_mobilenetv2.mltk.zip": "Silicon Labs' base checkpoint (zlib licence; Speech Commands, CC BY 4.0)",
}


def source_licence(name: str) -> str:
    """Returns the licence of a data source."""
    return SOURCE_LICENCES.get(name, "not known")


def describe_checkpoint(file_name: str) -> str:
    """Returns what a checkpoint is, with its licence."""
    return CHECKPOINTS.get(file_name, f"the checkpoint {file_name}; its licence is not known to kwspipe")
