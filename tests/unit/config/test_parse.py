"""Parser of the configuration: error texts and conversion to plain data."""

from kwspipe.__main__ import conf_dir
from kwspipe.config.parse import parse, to_mapping
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
    assert "The configuration has 3 problem(s); nothing was started" in text
    assert "train.epoch: unknown key. Closest known key: train.epochs" in text
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
    assert "The configuration has 5 problem(s)" in text
    assert "train.epochs: received 'abc'; input should be a valid integer" in text
    assert "train.batch_size: received 0; input should be greater than or equal to 1" in text
    assert "seed: received 1.5; input should be a valid integer" in text
    assert "stages.0: received 'trin'" in text and "Closest: train" in text
    assert "force.0: received 'tran'" in text


def test_each_model_has_settings_of_its_own() -> None:
    text = problems("+experiment=digits_3", "model=tc_resnet", "model.kernel=9", "model.filters=[16,0]")
    assert "model.kernel: unknown key. Closest known key: model.kernel_frames" in text
    assert "model.filters.1: received 0; input should be greater than or equal to 1" in text
    text = problems("+experiment=digits_3", "model.name=resnet")
    assert "model.name: received 'resnet'; input should be one of 'mobilenet_v2', 'tc_resnet'" in text


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
    assert "schedule.warmup_epochs: unknown key. Closest known key: schedule." in text
    assert "transfer.url: unknown key. Closest known key: transfer." in text
    assert "runtime.address: unknown key. Closest known key: runtime.name" in text
    assert "transfer.source: received 'nowhere'; input should be one of" in problems(
        "+experiment=digits_3", "transfer.source=nowhere"
    )
