"""Bar charts: every coordinate is within the view box."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kwspipe.report.charts import bars
from support.svg_shapes import outside


@given(st.lists(st.floats(0, 1e12), min_size=1, max_size=80))
def test_layers_stay_within_the_chart(costs: list[float]) -> None:
    kinds, styles = ["CONV_2D"] * len(costs), ["series1"] * len(costs)
    assert outside(bars.layers(costs, kinds, styles, "instructions")) == []


@given(
    st.lists(st.integers(-32768, 32767), min_size=1, max_size=400),
    st.none() | st.tuples(st.integers(0, 500), st.integers(0, 500)),
)
def test_waveform_stays_within_the_chart(samples: list[int], word: tuple[int, int] | None) -> None:
    assert outside(bars.waveform(np.array(samples, np.int16), "clip", word)) == []
