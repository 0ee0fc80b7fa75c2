"""Speed: pitch and tempo together, as a tape played faster or slower.

T. Ko, V. Peddinti, D. Povey, S. Khudanpur, "Audio augmentation for speech recognition", 2015: it serves better than
tempo alone, and costs least.
"""

from kwspipe.augment.parameters import interval
from kwspipe.augment.random import CounterRng, Floats


class Speed:
    """Draws how fast a recording is played while the clip is cut from it (``batch.cut``).

    Args:
        min_rate: lowest speed, 1 being that of the recording.
        max_rate: highest.
    """

    def __init__(self, min_rate: float = 0.9, max_rate: float = 1.1) -> None:
        self.rate = interval({"min_rate": min_rate, "max_rate": max_rate}, 0.5, 2.0)

    def rates(self, draws: CounterRng) -> Floats:
        """Returns a speed a clip, (clips,)."""
        return draws.uniform(*self.rate)
