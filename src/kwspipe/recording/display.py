"""What the speaker sees: the word, when to say it, the level of the microphone, and how the take was."""

from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from kwspipe.audio.level_meter import meter
from kwspipe.audio.pcm import Pcm


class Display:
    """Prompts and a level meter on a console; use it as a context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._headline = Text()
        self._live = Live(console=console, refresh_per_second=20, transient=True)

    def __enter__(self) -> "Display":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def say(self, message: str) -> None:
        """Prints a line that stays."""
        self._console.print(f"    {escape(message)}")

    def prompt(self, word: str, number: int, total: int, num_filed: int) -> None:
        """Announces a word before it is to be spoken."""
        self._headline = Text.assemble(
            f"{number}/{total}  get ready: ", (word, "bold"), f"  ({num_filed} filed)", style="yellow"
        )

    def now(self, word: str) -> None:
        """Tells that the microphone is on."""
        self._headline = Text.assemble("    say: ", (word, "bold green reverse"))

    def level(self, block: Pcm) -> None:
        """Shows the peak of what the microphone just gave."""
        self._live.update(Text.assemble(self._headline, "\n", meter(block)))

    def good(self, path: Path, peak_db: float, snr_db: float) -> None:
        """Tells where a take was filed."""
        where = escape(f"{path.parent.name}/{path.name}")
        self._console.print(
            f"    [green]filed[/] {where}  (peak {peak_db:.0f} dB, {snr_db:.0f} dB above the room)"
        )

    def bad(self, word: str, fault: str) -> None:
        """Tells why a take has to be repeated."""
        self._console.print(f"    [red]again[/] {escape(word)}: {escape(fault)}")
