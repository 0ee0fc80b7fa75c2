"""The command line: ``python -m kwspipe +experiment=digits_3 [key=value ...]``.

Functions import the libraries they need. The process of each stage imports this module without calling them.
"""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def conf_dir() -> Path:
    """Returns the folder of the configuration groups: that of the installed package, otherwise the checkout's."""
    installed = HERE / "conf"
    return installed if installed.is_dir() else HERE.parents[1] / "conf"


def config_groups() -> dict[str, list[str]]:
    """Returns the choices of each configuration group, nested ones as ``dataset/negatives``.

    Files with a leading underscore are not choices.
    """
    folders = sorted(path for path in conf_dir().rglob("*") if path.is_dir())
    return {
        folder.relative_to(conf_dir()).as_posix(): sorted(file.stem for file in folder.glob("[!_]*.yaml"))
        for folder in folders
    }


def main() -> None:
    """Runs the command line. Ctrl-C and SIGTERM end it with one line and exit code 130."""
    # Processes that were killed cannot release their semaphores. The resource tracker releases them and would print a
    # warning.
    os.environ["PYTHONWARNINGS"] = ",".join(
        filter(None, (os.environ.get("PYTHONWARNINGS"), "ignore:resource_tracker:UserWarning"))
    )
    try:
        from kwspipe.files.process import raise_on_interrupt

        raise_on_interrupt()
        _main()
    except KeyboardInterrupt:
        from kwspipe.files.process import ignore_interrupts
        from kwspipe.terminal.lines import print_interrupted

        ignore_interrupts()
        print_interrupted()
        sys.exit(130)


def _main() -> None:
    """Composes the configuration, runs the stages and prints errors."""
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException
    from rich.console import Console
    from rich.markup import escape

    from kwspipe.config.hydra_errors import text
    from kwspipe.errors import KwspipeError

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        _run(console)
    except (KwspipeError, HydraException, OmegaConfBaseException) as error:
        console.print(f"[bold red]Error[/] {escape(text(error))}")
        sys.exit(1)


def _run(console) -> None:  # type: ignore[no-untyped-def]
    import hydra
    from rich.markup import escape

    from kwspipe import __version__, hydra_task
    from kwspipe.config import usage
    from kwspipe.config.arguments import options, rewrite

    # With this variable, Hydra raises the exception of a job instead of a shortened traceback.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    if "--version" in sys.argv[1:]:
        print(f"kwspipe {__version__}")
        return
    groups = config_groups()
    if len(sys.argv) == 1 or {"-h", "--help"} & set(sys.argv[1:]):
        print(usage.text(groups), end="")
        sys.exit(1 if len(sys.argv) == 1 else 0)
    sys.argv[1:], warnings = rewrite(sys.argv[1:], groups)
    for warning in warnings:
        console.print(f"[yellow]Warning[/] {escape(warning)}")
    shown = options(sys.argv[1:])
    if shown.cfg == "job" and not (shown.package or shown.multirun or shown.resolve or shown.info):
        print(hydra_task.configuration_text(conf_dir(), shown.overrides), end="")
        return
    hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name="config")(hydra_task.task)()
    if hydra_task.failures:
        raise hydra_task.failures[0]


if __name__ == "__main__":
    main()
