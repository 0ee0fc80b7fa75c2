"""Licences of data sources and checkpoints."""

from collections.abc import Mapping

SOURCE_LICENCES: Mapping[str, str] = {
    "speech_commands": "Google Speech Commands v0.02, CC BY 4.0 (Pete Warden, 2018)",
    "mswc": "Multilingual Spoken Words Corpus, CC BY 4.0 (Mazumder et al., 2021; voices of Common Voice)",
    "synthetic": "speech synthesized by espeak-ng (GPL-3.0, which does not apply to its output) or Kokoro (Apache-2.0)",
    "folder": "own recordings; their licence is not known to kwspipe and must be obtained from their owner",
}
# Names of the networks with a bundled checkpoint, `<name>.weights.h5`. A test compares them with the bundled files.
BUNDLED_MODELS = ("matchboxnet", "mobilenet_v2", "tc_resnet")
_BUNDLED = (
    "the bundled checkpoint of kwspipe (Apache-2.0; trained on recordings under CC BY 4.0, CC BY 3.0, CC BY-SA 4.0, "
    "MIT and Apache-2.0)"
)
CHECKPOINTS: Mapping[str, str] = {
    **{f"{name}.weights.h5": _BUNDLED for name in BUNDLED_MODELS},
    "keyword_spotting_mobilenetv2.mltk.zip": "Silicon Labs' base checkpoint (zlib licence; Speech Commands, CC BY 4.0)",
}


def source_licence(name: str) -> str:
    """Returns the licence of a data source, or "not known"."""
    return SOURCE_LICENCES.get(name, "not known")


def describe_checkpoint(file_name: str) -> str:
    """Returns a description of a checkpoint with its licence.

    Args:
        file_name: name of the checkpoint file, without its folder.
    """
    return CHECKPOINTS.get(file_name, f"the checkpoint {file_name}; its licence is not known to kwspipe")
