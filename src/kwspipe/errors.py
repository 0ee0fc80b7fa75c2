"""Exception types of all user-facing errors."""

from collections.abc import Sequence


class KwspipeError(Exception):
    """An error that the user can correct. It is printed as text, without a traceback.

    Args:
        where: configuration path (``dataset.root``) or file with the problem.
        received: the value or state found there.
        allowed: the values or states that are accepted.
        remedy: the next step for the user.
    """

    def __init__(self, where: str, received: str, allowed: str, remedy: str) -> None:
        super().__init__(where, received, allowed, remedy)
        self.where = where
        self.received = received
        self.allowed = allowed
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.where}: {self.received}. Allowed: {self.allowed}. Next: {self.remedy}"


class ConfigError(KwspipeError):
    """One or more errors in the configuration, reported together.

    Args:
        problems: one sentence per error, with its configuration path.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("configuration", _number(problems), "see each line", "correct and run again")
        self.problems = tuple(problems)

    def __reduce__(self) -> tuple[type, tuple[tuple[str, ...]]]:
        return ConfigError, (self.problems,)  # pickled between processes

    def __str__(self) -> str:
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        return f"The configuration has {_number(self.problems)}; nothing was started:\n{lines}"


def _number(problems: Sequence[str]) -> str:
    return f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"
