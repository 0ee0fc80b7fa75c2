"""history.csv, and which epoch was kept."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwspipe.training import history

ROWS = [
    {"val_loss": 1.0, "val_accuracy": 0.9, "val_balanced_accuracy": 0.5},
    {"val_loss": 0.5, "val_accuracy": 0.8, "val_balanced_accuracy": 0.7},
    {"val_loss": 0.4, "val_accuracy": 0.9, "val_balanced_accuracy": 0.7},
    {"val_loss": 0.4, "val_accuracy": 0.9, "val_balanced_accuracy": 0.7},
]


@pytest.mark.parametrize(("monitor", "kept"), [("val_balanced_accuracy", 2), ("val_loss", 2)])
def test_the_best_epoch(monitor: str, kept: int) -> None:
    assert history.best(ROWS, monitor) == kept
    assert history.best(ROWS[:2], monitor) == 1


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=12))
@settings(max_examples=50, deadline=None)
def test_a_better_epoch_replaces_the_kept_one_and_an_equal_one_does_not(pairs: list[tuple[int, int]]) -> None:
    rows = [{"val_loss": float(loss), "val_balanced_accuracy": float(accuracy)} for loss, accuracy in pairs]
    kept = 0
    for index, row in enumerate(rows):
        if (row["val_balanced_accuracy"], -row["val_loss"]) > (
            rows[kept]["val_balanced_accuracy"],
            -rows[kept]["val_loss"],
        ):
            kept = index
        assert history.best(rows[: index + 1], "val_balanced_accuracy") == kept
