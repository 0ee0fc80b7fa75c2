"""Bar charts: cost of the layers, waveforms."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from kwspipe.report.drawing import TICK_HEIGHT, Axes, Drawing, field, for_widths, linear, ticks

WAVE_WIDTH, WAVE_HEIGHT = 120, 40
# Peak of -50 dB of full scale. Waveforms with smaller peaks contain no speech and are not scaled to full height.
MIN_FULL_HEIGHT = 100.0
MIN_THICKNESS = 0.4  # of a waveform, in units of the drawing, so that silence is visible


def layers(costs: Sequence[float], kinds: Sequence[str], styles: Sequence[str], unit: str) -> Markup:
    """Draws the cost of each layer in the order of execution.

    Args:
        costs: (layers,) cost of each layer.
        kinds: (layers,) operators of each layer.
        styles: (layers,) class of the style sheet for each layer.
        unit: unit of the costs.
    """
    factor, prefix = (1e6, "million ") if max(costs) >= 2e6 else (1e3, "thousand ")
    levels = ticks(0, max(costs) / factor, 4)

    def draw(width: float) -> Markup:
        box = left, top, right, bottom = field(width)
        drawing = Drawing(f"{unit} of each of {len(costs)} layers", bottom + 24, width)
        x, y = linear(0, len(costs), left, right), linear(0, levels[-1], bottom, top)
        axes = Axes(drawing, x, y, box)
        axes.vertical([(value, f"{value:g}") for value in levels], f"{prefix}{unit}")
        step = (right - left) / len(costs)
        for index, (cost, kind, style) in enumerate(zip(costs, kinds, styles, strict=True)):
            shape = {"x": x(index) + step * 0.08, "width": step * 0.84}
            height = bottom - y(cost / factor)
            tip = f"layer {index}, {kind}: {cost:,.0f} {unit}"
            drawing.add("rect", f"bar {style}", tip, **shape, y=bottom - height, height=height)
        drawing.line(left, bottom, right, bottom, "axis")
        drawing.text(left, bottom + TICK_HEIGHT, "first layer", "tick")
        drawing.text(right, bottom + TICK_HEIGHT, "last layer", "tick", "end")
        return drawing.markup()

    return for_widths(draw)


def waveform(samples: npt.NDArray[np.int16], title: str, word: tuple[int, int] | None = None) -> Markup:
    """Draws the smallest and the largest sample of each of ``WAVE_WIDTH`` parts of a clip.

    The peak of the clip has the full height, so that quiet clips are visible.

    Args:
        samples: (samples,) int16, at least one.
        title: description for screen readers.
        word: first sample of the word and the sample after its last one; this part is shaded.
    """
    drawing = Drawing(title, WAVE_HEIGHT, WAVE_WIDTH, "wave")
    drawing.root.set("preserveAspectRatio", "none")
    middle = WAVE_HEIGHT / 2
    if word is not None:
        start, end = (WAVE_WIDTH * min(bound / len(samples), 1.0) for bound in word)
        drawing.add("rect", "word", x=start, y=0, width=max(end - start, 0), height=WAVE_HEIGHT)
    drawing.line(0, middle, WAVE_WIDTH, middle, "zero")
    columns = np.array_split(samples.astype(np.float64), min(WAVE_WIDTH, len(samples)))
    step = WAVE_WIDTH / len(columns)
    scale = (middle - MIN_THICKNESS) / max(float(np.abs(samples.astype(np.int32)).max()), MIN_FULL_HEIGHT)
    upper = [(step * (i + 0.5), middle - scale * part.max()) for i, part in enumerate(columns)]
    lower = [
        (step * (i + 0.5), middle - scale * part.min() + MIN_THICKNESS) for i, part in enumerate(columns)
    ]
    outline = " ".join(f"{x:.1f},{y:.1f}" for x, y in [*upper, *reversed(lower)])
    drawing.add("polygon", "sound", points=outline)
    return drawing.markup()
