"""Arguments of the command line before Hydra reads them."""

import re
from collections.abc import Collection, Iterable

from kwspipe.config.renamed_keys import ALIASES, CHOICES, RENAMED
from kwspipe.errors import ConfigError

_COMPLETION = ("-sc", "--shell-completion", "--shell_completion")


def rewrite(arguments: list[str], groups: Collection[str]) -> tuple[list[str], list[str]]:
    """Rewrites the arguments so that ``parse`` can report all faults together.

    Hydra stops at the first unknown key. The prefix ``++`` lets Hydra accept unknown keys. ``parse`` then rejects them.

    Args:
        arguments: the arguments after the program's name.
        groups: the configuration groups, such as ``train`` and ``dataset/negatives``.

    Returns:
        The arguments for Hydra, and warnings about keys of an earlier release.

    Raises:
        ConfigError: a choice of an earlier release.
    """
    if any(argument in _COMPLETION for argument in arguments):
        return arguments, []
    if faults := [fault for argument in arguments for fault in _old_choices(argument)]:
        raise ConfigError(faults)
    warnings: list[str] = []
    rewritten = []
    for argument in arguments:
        key, sign, value = argument.partition("=")
        if key in ALIASES and sign:
            warnings.append(f"{key} is renamed to {RENAMED[key]}; the next release rejects the old key")
            key = RENAMED[key]
        is_value = sign and key[:1].isalpha() and not key.startswith("hydra") and "@" not in key
        rewritten.append(f"{'++' if is_value and key not in groups else ''}{key}{sign}{value}")
    return rewritten, warnings


def _old_choices(argument: str) -> Iterable[str]:
    """Yields a sentence for each choice of an earlier release that the argument names."""
    group, _, value = argument.lstrip("+").partition("=")
    for choice in re.split(r"[,\s]+", value) if group in CHOICES else ():
        if choice in CHOICES[group]:
            new = CHOICES[group][choice]
            remedy = f"renamed. Use {group}={new} instead" if new else "deleted. Leave it out"
            yield f"{group}={choice}: {remedy}"
