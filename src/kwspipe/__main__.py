"""The command line: ``python -m kwspipe +experiment=digits_3 [key=value ...]``.

Libraries are imported where they are used: the process of every stage imports this module too, without need for them.
"""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def conf_dir() -> Path:
    """Returns the folder of the configuration groups: beside the package when installed, else the checkout's."""
    installed = HERE / "conf"
    return installed if installed.is_dir() else HERE.parents[1] / "conf"


def defer_key_errors(arguments: list[str], groups: set[str]) -> list[str]:
    """Rewrites ``key=value`` into ``++key=value`` where ``key`` is not a group.

    Hydra stops at the first key it does not know; handed on like this, unknown keys reach ``parse``, which reports
    all faults in one message.
    """
    rewritten = []
    for argument in arguments:
        key = argument.split("=", 1)[0]
        plain = "=" in argument and key[:1].isalpha() and not key.startswith("hydra") and "@" not in key
        rewritten.append(f"++{argument}" if plain and key not in groups else argument)
    return rewritten


def spare_composing(arguments: list[str]) -> None:
    """Keeps Hydra from composing everything once more, 0.2 s, only to see whether ``hydra.mode`` is set somewhere.

    It is not in conf/; where the command line could set it, or bring configuration of its own, Hydra looks.
    """
    from hydra._internal.hydra import Hydra

    if not any(
        "hydra.mode" in text or text.startswith(("--config", "--experimental", "-c")) for text in arguments
    ):
        Hydra.get_mode = lambda *_, **__: None  # type: ignore[method-assign]  # then --multirun decides


def main() -> None:
    """Composes the configuration from the command line and runs its stages."""
    import hydra
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException
    from rich.console import Console
    from rich.markup import escape

    from kwspipe import hydra_task
    from kwspipe.errors import KwspipeError

    # Hydra then raises what a job raises, instead of printing a shortened traceback and leaving.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    groups = {folder.name for folder in conf_dir().iterdir() if folder.is_dir()}
    sys.argv[1:] = defer_key_errors(sys.argv[1:], groups)
    spare_composing(sys.argv[1:])
    try:
        hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name="config")(hydra_task.task)()
        if hydra_task.failures:
            raise hydra_task.failures[0]
    except (KwspipeError, HydraException, OmegaConfBaseException) as error:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        console.print(f"[bold red]Error[/] {escape(str(error).strip())}")
        sys.exit(1)
    except KeyboardInterrupt:
        Console(stderr=True).print("Interrupted. The same command goes on from here.")
        sys.exit(130)


if __name__ == "__main__":
    main()
