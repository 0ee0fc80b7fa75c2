"""Training in mixed precision with a teacher: uninterrupted and resumed trainings."""

from pathlib import Path

from support.own_process import printed_with_tensorflow


def test_resumed_training_in_mixed_precision_ends_with_the_same_weights(tmp_path: Path) -> None:
    result = printed_with_tensorflow("resume_mixed_precision.py", tmp_path)
    assert result.pop("average_difference") > 1e-4  # the averaged weights differ from the latest ones
    assert result == {
        "placement": "the CPU, mixed_float16",
        "policy": "float16",
        "softmax": "<dtype: 'float32'>",
        "optimizer": "LossScaleOptimizer",
        "dtypes": ["float32"],
        "finite": True,
        "epochs": 3,
        "resumed_equal": True,
    }
