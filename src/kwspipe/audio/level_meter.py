"""Level meter: a coloured bar of the peak of a block of samples."""

import numpy as np
from rich.text import Text

from kwspipe.audio.pcm import PCM_SCALE, Pcm

QUIETEST_DB = -60.0
LOUD_DB, TOO_LOUD_DB = -12.0, -1.0
WIDTH = 40


def meter(block: Pcm) -> Text:
    """Returns the peak of a block as a bar from -60 dB to full scale; the bar is red close to clipping."""
    peak = np.abs(block.astype(np.int32)).max(initial=0) / PCM_SCALE
    peak_db = max(QUIETEST_DB, 20 * np.log10(peak)) if peak > 0 else QUIETEST_DB
    filled = round(WIDTH * (peak_db - QUIETEST_DB) / -QUIETEST_DB)
    style = "red" if peak_db >= TOO_LOUD_DB else "yellow" if peak_db >= LOUD_DB else "green"
    return Text.assemble(
        "    ", ("█" * filled, style), ("░" * (WIDTH - filled), "dim"), f" {peak_db:5.0f} dB"
    )
