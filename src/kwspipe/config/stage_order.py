"""Names and order of the stages."""

from typing import Literal, get_args

MainStageName = Literal["prepare", "train", "quantize", "evaluate", "deploy"]
OptionalStageName = Literal["record", "mine", "compare", "inspect", "export", "listen"]
StageName = Literal[MainStageName, OptionalStageName]
StageNames = tuple[StageName, ...]

ORDER: tuple[str, ...] = get_args(MainStageName)
OPTIONAL: tuple[str, ...] = get_args(OptionalStageName)  # they run after ORDER, if `stages` names them
# The stage that replaces train and quantize if `import.path` is set.
IMPORT, IMPORT_REPLACES = "import", ("train", "quantize")
