"""Console display of a recording session: prompts, microphone level and results."""

from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from kwspipe.audio.level_meter import meter
from kwspipe.audio.pcm import Pcm
from kwspipe.labels import spoken_text


class Display:
    """Shows prompts and a level meter on a console, as a context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._headline = Text()
        self._live = Live(console=console, refresh_per_second=20, transient=True)

    def __enter__(self) -> "Display":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show_message(self, message: str) -> None:
        """Prints a line."""
        self._console.print(f"    {escape(message)}")

    def announce(self, word: str, number: int, total: int, num_stored: int) -> None:
        """Shows the next word before its recording starts.

        Args:
            word: the word.
            number: number of the take, from 1.
            total: number of takes in the session.
            num_stored: number of stored takes of this word by this speaker.
        """
        self._headline = Text.assemble(
            f"{number}/{total}  get ready: ",
            (spoken_text(word), "bold"),
            f"  ({num_stored} stored)",
            style="yellow",
        )

    def prompt(self, word: str) -> None:
        """Shows the prompt to speak the word."""
        self._headline = Text.assemble("    speak: ", (spoken_text(word), "bold green reverse"))

    def show_level(self, block: Pcm) -> None:
        """Shows the peak level of a block, (samples,) int16."""
        self._live.update(Text.assemble(self._headline, "\n", meter(block)))

    def show_stored(self, path: Path, peak_db: float, snr_db: float) -> None:
        """Prints the path and the levels of a stored take."""
        name = escape(f"{path.parent.name}/{path.name}")
        self._console.print(
            f"    [green]stored[/] {name}  (peak {peak_db:.0f} dB, {snr_db:.0f} dB above the room noise)"
        )

    def show_rejected(self, word: str, fault: str) -> None:
        """Prints the reason why a take must be repeated."""
        self._console.print(f"    [red]repeat[/] {escape(word)}: {escape(fault)}")
