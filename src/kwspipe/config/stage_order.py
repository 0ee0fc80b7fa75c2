"""Names and order of the stages."""

from typing import Literal, get_args

MainStageName = Literal["prepare", "train", "quantize", "evaluate", "deploy"]
OptionalStageName = Literal["record", "mine", "compare", "inspect", "export", "listen"]
StageName = Literal[MainStageName, OptionalStageName]
StageNames = tuple[StageName, ...]

ORDER: tuple[str, ...] = get_args(MainStageName)
OPTIONAL: tuple[str, ...] = get_args(OptionalStageName)  # run after ORDER, where `stages` names them
# The stage that replaces train and quantize where an external model is imported.
ADOPT, ADOPT_REPLACES = "adopt", ("train", "quantize")
