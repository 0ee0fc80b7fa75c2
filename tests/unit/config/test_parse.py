"""Parser of the configuration: error texts and conversion to plain data."""

import copy
import re
from typing import Any

import pytest
from omegaconf import OmegaConf

from kwspipe.__main__ import conf_dir
from kwspipe.config import schema
from kwspipe.config.parse import parse, to_mapping, words_as_name
from kwspipe.errors import ConfigError
from support.composed import composed, problems
from support.paths import CONF


def test_conf_dir_is_the_checkouts() -> None:
    assert conf_dir() == CONF


def test_without_an_experiment_the_message_names_one() -> None:
    text = problems()
    assert "name: has no value; choose an experiment (+experiment=digits_3)" in text
    assert "dataset.words: has no value" in text


def test_unknown_keys_come_with_the_closest_known_one() -> None:
    text = problems("+experiment=digits_3", "train.epoch=3", "dataset.rot=x", "fro=train")
    assert "The configuration has 3 problems; nothing was started" in text
    assert "train.epoch: unknown key. Use train.epochs" in text
    assert "dataset.rot: unknown key. Closest known key: dataset.root" in text
    assert "fro: unknown key. Closest known key: from" in text


def test_wrong_types_and_invalid_values_are_reported_together() -> None:
    text = problems(
        "+experiment=digits_3",
        "train.epochs=abc",
        "train.batch_size=0",
        "seed=1.5",
        "stages=[trin]",
        "force=[tran]",
    )
    assert "The configuration has 5 problems" in text
    assert "train.epochs: received 'abc'; allowed: an integer of at least 1" in text
    assert "train.batch_size: received 0; allowed: an integer of at least 1" in text
    assert "seed: received 1.5; allowed: an integer of at least 0 and below 2147483648" in text
    assert "stages: received 'trin'; allowed: one of prepare, train" in text and "Closest: train" in text
    assert "force: received 'tran'; allowed: one of prepare" in text


def test_each_model_has_settings_of_its_own() -> None:
    text = problems("+experiment=digits_3", "model=tc_resnet", "model.kernel=9", "model.filters=[16,0]")
    assert "model.kernel: unknown key. Closest known key: model.kernel_frames" in text
    assert "model.filters.1: received 0; allowed: an integer of at least 1" in text
    text = problems("+experiment=digits_3", "model.name=resnet")
    assert "model.name: received 'resnet'; allowed: one of mobilenet_v2, tc_resnet" in text


def test_settings_that_contradict_each_other_are_found() -> None:
    text = problems("+experiment=digits_3", "frontend.filterbank_upper_band_limit=9000.0")
    assert "frontend: filterbank_upper_band_limit must not exceed half of sample_rate_hz" in text


def test_plain_data_of_a_configuration_parses_to_the_same_configuration() -> None:
    config = parse(composed("+experiment=digits_9", "from=train", "force=[train]"))
    assert config.from_stage == "train" and config.force == ("train",)
    assert to_mapping(config)["from"] == "train"
    assert parse(to_mapping(config)) == config


def test_a_number_of_percent_is_not_a_fraction() -> None:
    text = problems(
        "+experiment=digits_3",
        "dataset.validation_fraction=10.0",
        "dataset.zero_silence_fraction=25",
        "dataset.validation_percentage=12.5",
    )
    assert "dataset.validation_fraction: 10.0 is not a fraction; 10 % is 0.1" in text
    assert "dataset.zero_silence_fraction: 25 is not a fraction; 25 % is 0.25" in text
    assert (
        "dataset.validation_percentage: renamed to dataset.validation_fraction, a fraction. Use 0.125 for 12.5"
        in text
    )


def test_a_setting_of_another_choice_is_rejected() -> None:
    text = problems(
        "+experiment=digits_3", "schedule.warmup_epochs=2", "transfer.url=x", "runtime.address=auto"
    )
    assert "schedule.warmup_epochs: exists only with schedule=cosine" in text
    assert "transfer.url: exists only with transfer=mltk" in text
    assert "runtime.address: exists only with runtime=ray" in text
    assert "transfer.source: received 'nowhere'; allowed: one of none, bundled" in problems(
        "+experiment=digits_3", "transfer.source=nowhere"
    )


WRONG = (
    None,
    True,
    "abc",
    "",
    "_x",
    -1,
    0,
    1.5,
    1e9,
    float("nan"),
    float("inf"),
    [],
    [1.5],
    [None],
    [True],
    {},
    {"a": 1},
)
# Phrases of pydantic and of Python, and characters of regular expressions.
FORBIDDEN = re.compile(
    r"[Ii]nput should|[Vv]alue error|valid |pattern|\^|\$|None|True|False|tuple|dict|str\b|<class|\[type"
)


@pytest.fixture(scope="module")
def plain() -> Any:
    return OmegaConf.to_container(composed("+experiment=digits_3"), resolve=True)


@pytest.mark.parametrize("tags", [False, True])
def test_every_wrong_value_of_every_key_is_explained(plain: Any, tags: bool) -> None:
    keys = {
        key.path
        for key in schema.all_keys()
        if key.exists_in(plain) and ("." in key.path and key.last in schema.TAGS) == tags
    }
    explained = set()
    for value in WRONG:
        changed = copy.deepcopy(plain)
        for key in keys:
            *groups, last = key.split(".")
            schema.value_at(changed, groups)[last] = value
        with pytest.raises(ConfigError) as caught:
            parse(changed)
        for problem in caught.value.problems:
            assert not FORBIDDEN.search(problem), problem
            where = problem.partition(": ")[0]
            assert any(f"{where}.".startswith(f"{key}.") for key in keys), problem
            explained |= {key for key in keys if f"{where}.".startswith(f"{key}.")}
    assert explained == keys


@pytest.mark.parametrize(
    ("override", "text"),
    [
        ("dataset.words=[true]", "dataset.words: received true; allowed: a word or phrase without"),
        ("dataset.noise_roots=null", "received null; allowed: a list of texts. An empty list is []"),
        (
            "dataset.words=[]",
            "dataset.words: received []; allowed: a list, not empty, of words or phrases without",
        ),
        ("dataset.negatives=none", "Choose the group with dataset/negatives=none"),
        ("stages=import", "The stage import runs if import.path is set"),
        (
            "dataset.synthetic.shares={flite: 1}",
            "dataset.synthetic.shares.flite: received 'flite'; allowed: the keys",
        ),
        (
            "export.c_name=1a",
            "allowed: a C identifier: letters, digits and '_', beginning with a letter or '_', or null",
        ),
        ("force=maybe", "force: received 'maybe'; allowed: one of prepare, train"),
        ("~train", "train: has no value. Give it as train=<choice>"),
    ],
)
def test_a_frequent_mistake_has_a_hint(override: str, text: str) -> None:
    assert text in problems("+experiment=digits_3", override)


def test_numbers_are_texts_where_a_text_is_expected() -> None:
    config = parse(composed("+experiment=digits_3", "name=2024", "listen.device=0", "dataset.words=[1,2]"))
    assert (config.name, config.listen.device, config.dataset.words) == ("2024", "0", ("1", "2"))


def test_a_phrase_is_one_word_without_spaces() -> None:
    config = parse(
        composed("+experiment=custom", "dataset.words=[hey  computer,stop]", "record.speaker=ann lee")
    )
    assert config.dataset.words == ("hey_computer", "stop") and config.name == "hey_computer_stop"
    assert config.record.speaker == "ann_lee"
    assert words_as_name("grün") == "gr-n"
