"""Values in the form of their types."""

from kwspipe.config.single_values import list_keys, normalized


def test_values_get_the_form_of_their_type() -> None:
    plain = {
        "name": 2024,
        "stages": "train",
        "force": True,
        "seed": "no",
        "dataset": {"words": "hey computer", "noise_roots": None, "fold": 2},
        "model": {"name": "ds_cnn", "filters": 48},
        "board": {"port": 3},
        "nothing": {"known": 1},
    }
    assert normalized(plain) == plain | {
        "name": "2024",
        "stages": ["train"],
        "dataset": {"words": ["hey_computer"], "noise_roots": None, "fold": 2},
        "board": {"port": "3"},
    }
    assert normalized({"force": "train"}) == {"force": ["train"]}
    assert normalized({"model": {"name": "tc_resnet", "filters": 16}})["model"]["filters"] == [16]


def test_a_key_with_a_list_for_some_choices_only_is_no_list_key() -> None:
    assert {"stages", "force", "dataset.words", "import.labels"} <= list_keys()
    assert "model.filters" not in list_keys() and "train.epochs" not in list_keys()
