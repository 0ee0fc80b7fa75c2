"""Change of speed, which changes pitch and tempo together.

T. Ko, V. Peddinti, D. Povey, S. Khudanpur, "Audio augmentation for speech recognition", 2015: a change of speed
improves recognition more than a change of tempo, at the lowest cost.
"""

from kwspipe.augment.parameters import interval
from kwspipe.augment.random import CounterRng, Floats


class Speed:
    """Selects a random speed for the extraction of a clip (``batch.cut_clips``).

    Args:
        min_rate: lowest speed; 1 is the speed of the recording.
        max_rate: highest speed.
    """

    def __init__(self, min_rate: float = 0.9, max_rate: float = 1.1) -> None:
        self.rate = interval({"min_rate": min_rate, "max_rate": max_rate}, 0.5, 2.0)

    def rates(self, rng: CounterRng) -> Floats:
        """Returns a speed per clip, (clips,)."""
        return rng.uniform(*self.rate)
