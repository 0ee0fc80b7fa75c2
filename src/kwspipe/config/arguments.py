"""Arguments of the command line before Hydra reads them.

Hydra stops at the first unknown key. The prefix ``++`` lets Hydra accept unknown keys, which ``parse`` then rejects
together with all other faults.
"""

import difflib
import re
from argparse import Namespace
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NoReturn

from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException

from kwspipe.config import stage_order
from kwspipe.config.renamed_keys import ALIASES, CHOICES, RENAMED
from kwspipe.config.single_values import list_keys
from kwspipe.errors import ConfigError

_COMPLETION = ("-sc", "--shell-completion", "--shell_completion")
_INFO = ("-i", "--info")
# Settings for a path that is given in place of a choice, by group.
_PATHS = {
    "dataset": "dataset=folder dataset.root=",
    "transfer": "transfer=path transfer.path=",
    "import": "import.path=",
    "board": "board=brd2601 board.port=",
}
Groups = Mapping[str, Collection[str]]  # the choices of each group


def options(arguments: Sequence[str]) -> Namespace:
    """Returns the options of Hydra among the arguments. The attribute ``overrides`` contains the other arguments.

    Raises:
        ConfigError: an unknown option, or an option without its value.
    """

    def fail(message: str) -> NoReturn:
        unknown = message.partition("unrecognized arguments: ")[2].partition(" ")[0]
        if unknown:
            raise ConfigError(
                [f"{unknown}: unknown option. Settings have the form key=value, without dashes"]
            )
        raise ConfigError([f"{message.removeprefix('argument ')}. --help shows examples"])

    parser = get_args_parser()
    parser.error = fail  # type: ignore[method-assign]
    return parser.parse_intermixed_args(_with_info_value(arguments))


def rewrite(arguments: Sequence[str], groups: Groups) -> tuple[list[str], list[str]]:
    """Rewrites the arguments so that ``parse`` can report all faults together.

    Args:
        arguments: the arguments after the program's name.
        groups: the choices of each configuration group, such as ``train`` and ``dataset/negatives``.

    Returns:
        The arguments for Hydra, and warnings about keys of an earlier release.

    Raises:
        ConfigError: an unknown option, an argument without the form ``key=value``, or an unknown choice of a group.
    """
    if any(argument in _COMPLETION for argument in arguments):
        return list(arguments), []
    given = options(arguments)
    flags = _with_info_value(arguments)
    for override in given.overrides:
        flags.remove(override)
    if faults := [fault for override in given.overrides for fault in _faults(override, groups)]:
        raise ConfigError(faults)
    warnings = [
        f"{key} is renamed to {RENAMED[key]}; the next release rejects the old key"
        for key in (override.partition("=")[0] for override in given.overrides)
        if key in ALIASES
    ]
    multirun = given.multirun or any(one.startswith("hydra.mode") for one in given.overrides)
    return [*(_rewritten(override, groups, multirun) for override in given.overrides), *flags], warnings


def _with_info_value(arguments: Sequence[str]) -> list[str]:
    """Returns the arguments with ``--info=all`` for ``--info`` before an override."""
    following = [*arguments, ""][1:]
    return [
        "--info=all" if argument in _INFO and "=" in after else argument
        for argument, after in zip(arguments, following, strict=True)
    ]


def _faults(override: str, groups: Groups) -> Iterator[str]:
    """Yields a sentence for each fault that Hydra would report in its own terms."""
    key, sign, value = override.partition("=")
    group = key.lstrip("+")
    if not sign and not key.startswith("~"):
        if group in groups and group not in stage_order.ORDER:
            yield f"{override}: has no choice. Allowed: {', '.join(f'{group}={one}' for one in groups[group])}"
        else:
            yield f"{override}: {_without_value(override, groups)}"
    elif group in groups and not key.startswith(("~", "hydra")):
        for choice in re.split(r"[,\s]+", value) if re.fullmatch(r"[\w./,\s-]*", value) else ():
            if choice in CHOICES.get(group, ()):
                new = CHOICES[group][choice]
                remedy = f"renamed. Use {group}={new} instead" if new else "deleted. Leave it out"
                yield f"{group}={choice}: {remedy}"
            elif choice not in (*groups[group], "null"):
                allowed = ", ".join(sorted(groups[group]))
                yield f"{key}={choice}: no such choice. Allowed: {allowed}{_choice_hint(group, choice, groups)}"


def _choice_hint(group: str, choice: str, groups: Groups) -> str:
    if close := difflib.get_close_matches(choice, groups[group], n=1):
        return f". Closest: {close[0]}"
    return f". For a path: {_PATHS[group]}{choice}" if group in _PATHS and re.search(r"[./]", choice) else ""


def _without_value(word: str, groups: Groups) -> str:
    """Returns the second part of a sentence about an argument without ``=``."""
    if word in (*stage_order.ORDER, *stage_order.OPTIONAL):
        return f"has no value. A stage is selected with stages={word}"
    if word in groups.get("experiment", ()):
        return f"an experiment is selected with +experiment={word}"
    if word == "help":
        return "the help is shown with --help"
    return "has no value. Arguments have the form key=value. Quote values with spaces: 'key=[a, b]'"


def _rewritten(override: str, groups: Groups, multirun: bool) -> str:
    """Returns an override in the form for Hydra.

    Raises:
        ConfigError: Hydra cannot read the override, or it has several values.
    """
    key, sign, value = override.partition("=")
    name = key.lstrip("+")
    if name in groups and not key.startswith("~"):
        return f"{'+' if name == 'experiment' else ''}{name}={value}"
    if not sign or not name[:1].isalpha() or name.startswith("hydra") or "@" in name:
        return override
    name = RENAMED[name] if name in ALIASES else name
    if name in list_keys() and _is_list_without_brackets(name, value, multirun):
        value = f"[{value}]"
    parsed, text = _parsed(f"++{name}", value, override)
    if parsed.is_sweep_override() and not multirun:
        raise ConfigError(
            [
                f"{override}: several values. Quote one value: \"{name}='{value}'\"; -m runs a job for each value"
            ]
        )
    return text


def _is_list_without_brackets(name: str, value: str, multirun: bool) -> bool:
    """Returns whether the value of a list is given without brackets. In a sweep, commas separate jobs."""
    is_boolean = name == "force" and value.lower() in ("true", "false")
    has_other_form = value in ("", "null") or re.search(r"[\[\](){}]", value) or (multirun and "," in value)
    return not is_boolean and not has_other_form


def _parsed(key: str, value: str, override: str) -> tuple[Override, str]:
    """Parses an override by the grammar of Hydra, if necessary with quotes around characters outside the grammar."""
    parser = OverridesParser.create()
    for text in (value, _quoted(value)):
        try:
            return parser.parse_override(f"{key}={text}"), f"{key}={text}"
        except HydraException:
            continue
    raise ConfigError(
        [f"{override}: brackets or quotes are not closed. Examples: 'key=[a,b]', \"key='a b, c'\""]
    )


def _quoted(value: str) -> str:
    """Returns a value with quotes, or a list with quotes around each member."""
    if re.fullmatch(r"\[[^\[\](){}'\"]*\]", value):
        return f"[{','.join(_quoted(one.strip()) for one in value[1:-1].split(','))}]"
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return value if re.search(r"[\[\]{}\"]", value) else f"'{escaped}'"
