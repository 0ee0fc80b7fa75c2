"""The text of ``--cfg job``."""

import yaml

from kwspipe.config.show import WIDTH, text

CONFIG = {
    "name": "x",
    "seed": 1,
    "dataset": {"words": ["one", "two"], "negatives": {"a": 1.0, "b": True}},
    "train": {"epochs": 10, "monitor": "val_loss"},
    "frontend": {"rate": 16000},
    "listen": {"source": None},
}
READERS = {"prepare": ("dataset", "frontend"), "train": ("train", "frontend", "seed")}


def test_groups_are_below_the_first_stage_that_reads_them() -> None:
    assert text(CONFIG, READERS) == (
        "# run\nname: x\nseed: 1\n"
        "# prepare\ndataset:\n  words: [one, two]\n  negatives: {a: 1.0, b: true}\nfrontend: {rate: 16000}\n"
        "# train\ntrain: {epochs: 10, monitor: val_loss}\n"
        "# not read by these stages; show a group with --package <group>:\n# listen\n"
    )


def test_the_text_is_the_configuration_as_yaml() -> None:
    assert yaml.safe_load(text(CONFIG, {**READERS, "listen": ("listen",)})) == CONFIG


def test_a_long_mapping_has_a_line_per_key() -> None:
    long = {f"key_{number}": "x" * 20 for number in range(8)}
    lines = text({"train": long}, {"train": ("train",)}).splitlines()
    assert len(lines) == 2 + len(long) and max(map(len, lines)) <= WIDTH
