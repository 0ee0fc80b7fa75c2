"""The exception every user-facing failure is raised as."""

from collections.abc import Sequence


class KwspipeError(Exception):
    """A failure the user can act on; shown as text, never as a traceback.

    Args:
        where: configuration path (``dataset.root``) or file the problem is in.
        received: what was found there.
        allowed: what would have been accepted.
        remedy: what to do next.
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
    """One or more faults in the configuration, reported together.

    Args:
        problems: one sentence a fault, each naming its configuration path.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(
            "configuration", f"{len(problems)} problem(s)", "see each line", "correct and run again"
        )
        self.problems = tuple(problems)

    def __reduce__(self) -> tuple[type, tuple[tuple[str, ...]]]:
        return ConfigError, (self.problems,)  # so that it crosses from a stage's process to ours

    def __str__(self) -> str:
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        return f"The configuration has {len(self.problems)} problem(s); nothing was started:\n{lines}"
