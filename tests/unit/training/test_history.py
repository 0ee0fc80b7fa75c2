"""Choice of the best epoch."""

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


@pytest.mark.parametrize(("monitor", "best"), [("val_balanced_accuracy", 2), ("val_loss", 2)])
def test_the_best_epoch(monitor: str, best: int) -> None:
    assert history.best(ROWS, monitor) == best
    assert history.best(ROWS[:2], monitor) == 1


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=12))
@settings(max_examples=50, deadline=None)
def test_only_a_better_epoch_replaces_the_best_one(pairs: list[tuple[int, int]]) -> None:
    rows = [{"val_loss": float(loss), "val_balanced_accuracy": float(recall)} for loss, recall in pairs]
    keys = [(row["val_balanced_accuracy"], -row["val_loss"]) for row in rows]
    best = 0
    for index, key in enumerate(keys):
        if key > keys[best]:
            best = index
        assert history.best(rows[: index + 1], "val_balanced_accuracy") == best
