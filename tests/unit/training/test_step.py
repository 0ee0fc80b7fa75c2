"""How a batch is divided among devices, and what is said where XLA is not to be had."""

from types import SimpleNamespace

import numpy as np
import pytest

from kwspipe.errors import KwspipeError
from kwspipe.training.step import check_compiled, divided


@pytest.mark.parametrize(("clips", "parts"), [(8, 2), (7, 2), (5, 4), (1, 3), (2, 3)])
def test_the_gradient_is_that_of_the_whole_batch(clips: int, parts: int) -> None:
    rng = np.random.default_rng(clips)
    weights, gradients = rng.uniform(0.5, 2, clips).astype(np.float32), rng.normal(size=clips)
    shares = divided(clips, parts)
    assert len(shares) == parts and all(len(numbers) for numbers, _ in shares)
    assert {int(number) for numbers, _ in shares for number in numbers} == set(range(clips))
    # As Keras does it: each part's mean, and their mean.
    means = [(gradients[numbers] * weights[numbers] * factors).mean() for numbers, factors in shares]
    assert np.mean(means) == pytest.approx((gradients * weights).mean(), rel=1e-5)


def test_where_a_batch_divides_evenly_weights_stay() -> None:
    (first, one), (second, other) = divided(4, 2)
    np.testing.assert_array_equal(np.concatenate([first, second]), np.arange(4))
    np.testing.assert_array_equal(np.concatenate([one, other]), np.ones(4))


def test_xla_that_keras_left_out_is_an_error() -> None:
    check_compiled(SimpleNamespace(jit_compile=True), True)
    check_compiled(SimpleNamespace(jit_compile=False), False)
    with pytest.raises(KwspipeError) as caught:
        check_compiled(SimpleNamespace(jit_compile=False), True)
    assert str(caught.value) == (
        "train.xla: true, but Keras cannot compile the network by XLA on this machine. "
        "Allowed: true where TensorFlow has XLA for the device. Next: set train.xla=false"
    )
