"""Accuracy loss of the int8 model against the float model."""

import numpy as np
import numpy.typing as npt

from kwspipe.errors import KwspipeError


def check_quantization_loss(
    float_right: npt.NDArray[np.bool_], int8_right: npt.NDArray[np.bool_], max_drop: float
) -> None:
    """Checks that int8 loses at most the allowed accuracy against float.

    The loss has to exceed the limit by its standard error, which is that of a paired difference: the square root of the
    number of clips on which the two models disagree, divided by the number of clips. On fifty clips, two clips are 4 %.

    Args:
        float_right: (clips,) True where the float model is right.
        int8_right: (clips,) True where the int8 model is right.
        max_drop: allowed loss, as a share of the clips.

    Raises:
        KwspipeError: int8 loses more.
    """
    drop = float(np.mean(float_right) - np.mean(int8_right))
    standard_error = float(np.sqrt(np.count_nonzero(float_right != int8_right)) / len(float_right))
    if drop - standard_error > max_drop:
        raise KwspipeError(
            "quantize.max_accuracy_drop",
            f"int8 loses {drop:.3f} +- {standard_error:.3f} on validation "
            f"(float {np.mean(float_right):.3f}, int8 {np.mean(int8_right):.3f})",
            f"a loss of at most {max_drop:.3f}",
            "train longer, take more quantize.representative_clips, or accept the loss by raising the limit",
        )
