"""Text of ``--help``."""

from pathlib import Path

TEXT = """\
Usage: python -m kwspipe +experiment=NAME [group=choice] [group.key=value] ...

Runs the stages prepare, train, quantize, evaluate and deploy of an experiment.

Examples:
  python -m kwspipe +experiment=digits_3 dataset=synthetic
  python -m kwspipe +experiment=digits_3 dataset=folder dataset.root=path/to/speech model=matchboxnet
  python -m kwspipe -m +experiment=digits_3 seed=1,2,3

Groups and choices:
{groups}

Stages (stages=[...]), by default the first five:
  {stages}

Options:
  --cfg job                  print the configuration, grouped by stage
  --cfg job --package train  print one group
  -m, --multirun             run one job per combination of the comma-separated values
  -sc install=bash           print the shell completion
  --hydra-help               options of Hydra

docs/commands.md describes the commands, and the files in conf/ describe each key.
"""


def text(conf_dir: Path, stages: tuple[str, ...]) -> str:
    """Returns the help text.

    Args:
        conf_dir: folder of the configuration groups. Files with a leading underscore are not choices.
        stages: names of the stages.
    """
    folders = sorted(path for path in conf_dir.rglob("*") if path.is_dir())
    rows = []
    for folder in folders:
        choices = sorted(file.stem for file in folder.glob("[!_]*.yaml"))
        if len(choices) > 1:
            rows.append(f"  {folder.relative_to(conf_dir).as_posix():18} {', '.join(choices)}")
    return TEXT.format(groups="\n".join(rows), stages=", ".join(stages))
