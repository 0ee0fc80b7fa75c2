"""Text of ``--help``."""

from collections.abc import Collection, Mapping

WIDTH = 100
STAGES = {
    "prepare": "decodes the recordings into the clip store, split by speaker",
    "train": "trains the network, from a checkpoint or from scratch",
    "quantize": "converts the network to int8, compiles the model image and chooses thresholds",
    "evaluate": "measures float and int8 model on test clips and streams; writes the report",
    "deploy": "pushes the model to a board and verifies its outputs bit for bit",
    "record": "records words from the microphone, as training data",
    "mine": "stores false accepts in long recordings as training clips",
    "compare": "compares runs, with confidence intervals and significance",
    "inspect": "writes a page with the clips before and after augmentation",
    "export": "writes the model for other firmware: .tflite and C array",
    "listen": "live detection from a microphone, a recording or a board",
}
TEXT = """\
Trains a keyword spotter from recordings or synthetic speech, tests it, and deploys it to a board.
Usage: python -m kwspipe +experiment=NAME [group=choice ...] [key=value ...]

Examples:
  demo, synthetic speech  python -m kwspipe +experiment=digits_3 dataset=synthetic
  own recordings          python -m kwspipe +experiment=digits_3 dataset=folder dataset.root=clips
  own wake word           python -m kwspipe +experiment=custom 'dataset.words=[hey computer]'
  three jobs (sweep)      python -m kwspipe -m +experiment=digits_3 seed=1,2,3
  deploy to a board       python -m kwspipe +experiment=digits_3 stages=deploy board=brd2601
  test another model      python -m kwspipe import.path=model.tflite dataset.root=clips

Stages (the first five by default; others with stages=NAME or stages=[NAME,NAME]):
{stages}

Groups and their choices:
{groups}

Where keys are documented: conf/<group>/<choice>.yaml (a comment for each key), docs/commands.md
  --cfg job [-p train]   prints the configuration by stage [or of one group] instead of running
  --info [defaults]      prints how Hydra composed it; --hydra-help lists the options of Hydra
  -m                     runs one job per combination of the comma-separated values (docs/sweeps.md)
  -sc install=bash       prints the shell completion; --version prints the version
"""


def text(groups: Mapping[str, Collection[str]]) -> str:
    """Returns the help text.

    Args:
        groups: the choices of each configuration group.
    """
    listed = [
        f"{group}: {', '.join(choices)}"
        for group, choices in groups.items()
        if len(choices) > 1 and not group.startswith("hydra")
    ]
    lines = [""]
    for entry in listed:
        if len(lines[-1]) + len(entry) + 3 > WIDTH:
            lines.append("")
        lines[-1] += f"{' |' if lines[-1] else ' '} {entry}"
    stages = [f"  {name:9} {function}" for name, function in STAGES.items()]
    return TEXT.format(groups="\n".join(lines), stages="\n".join(stages))
