"""Checks before the first stage: faults of the configuration, missing prerequisites, results of another experiment."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig

from kwspipe import stages
from kwspipe.config import PipelineConfig
from kwspipe.config.parse import parse
from kwspipe.errors import ConfigError, KwspipeError
from kwspipe.exchange.external_model import apply_model_settings
from kwspipe.pipeline import plan, run_identity

Compose = Callable[[list[str]], DictConfig]
# Errors by data set, because the jobs of a sweep usually have the same one.
Memo = dict[str, list[KwspipeError]]
# A fault of these keys changes which stages run, so that no stage is checked.
STAGE_KEYS = frozenset({"stages", "from", "import"})


def load(composed: DictConfig, overrides: Sequence[str], compose: Compose) -> PipelineConfig:
    """Returns the parsed configuration.

    If the configuration has faults, the prerequisites are checked without the faulty overrides, so that all problems
    are reported together.

    Args:
        composed: the configuration composed from the overrides, changed in place.
        overrides: overrides of the command line.
        compose: composes the configuration from other overrides.

    Raises:
        KwspipeError: the imported model cannot be read.
        ConfigError: faults of the configuration, and missing prerequisites.
    """
    model_error: KwspipeError | None = None
    try:
        apply_model_settings(composed, overrides)
    except KwspipeError as error:
        model_error = error
    try:
        config = parse(composed)
    except ConfigError as error:
        faults = list(error.problems)
    else:
        faults = []
    if model_error is not None:  # classes and name, which have no value, are those of the model
        faults = [fault for fault in faults if ": has no value" not in fault]
        raise ConfigError([str(model_error), *faults]) if faults else model_error
    if faults:
        raise ConfigError([*faults, *_problems_without(faults, overrides, compose)])
    return config


def check_run(
    config: PipelineConfig,
    given: Collection[str] = (),
    own_folder: bool = False,
    memo: Memo | None = None,
) -> None:
    """Checks the prerequisites of all configured stages and outputs, and the results in the run directory.

    Args:
        config: the experiment.
        given: keys and groups that the command line sets.
        own_folder: the run directory belongs to these overrides, as that of a job of a sweep.
        memo: errors of data sets that earlier calls have checked; None to check each time.

    Raises:
        KwspipeError: the only problem.
        ConfigError: several problems.
    """
    chosen = plan.chosen_stages(config)
    errors = _stage_errors(config, chosen, given, {} if memo is None else memo)
    for output in plan.outputs_after(chosen):
        errors += _caught(output.check, config)
    if not own_folder:
        run_dir = plan.run_directory_of(config)
        errors += _caught(run_identity.check_experiment, config, chosen, run_dir, given)
    raise_all(errors)


def raise_all(errors: Iterable[KwspipeError]) -> None:
    """Raises the errors as one. An error that occurs several times is reported once.

    Raises:
        KwspipeError: the only error.
        ConfigError: several errors.
    """
    by_text = {str(error): error for error in errors}
    if len(by_text) == 1:
        raise next(iter(by_text.values()))
    if by_text:
        raise ConfigError(
            list(dict.fromkeys(text for error in by_text.values() for text in problems_of(error)))
        )


def problems_of(error: KwspipeError) -> list[str]:
    """Returns the problems of an error, one sentence each."""
    return list(error.problems) if isinstance(error, ConfigError) else [str(error)]


def given_keys(overrides: Iterable[str]) -> frozenset[str]:
    """Returns the keys and groups that overrides set."""
    parser = OverridesParser.create()
    return frozenset(parser.parse_override(text).key_or_group for text in overrides)


def _unused_root(config: PipelineConfig) -> KwspipeError:
    sources = config.dataset.sources
    return KwspipeError(
        "dataset.root",
        f"{config.dataset.root!r}, which is not used: the data set has the source {', '.join(sources)}",
        "a data set with the source folder",
        "add dataset=folder, or leave out dataset.root",
    )


def _stage_errors(
    config: PipelineConfig, chosen: Collection[str], given: Collection[str], memo: Memo
) -> list[KwspipeError]:
    """Returns the errors of the checks of stages, given the keys that the command line sets."""
    if "dataset.root" in given and "prepare" in chosen:
        if "folder" not in config.dataset.sources:
            return [_unused_root(config)]
        # Recordings that the command line names are not replaced by those of another source.
        config = replace(config, dataset=replace(config.dataset, sources=("folder",)))
    errors: list[KwspipeError] = []
    for name in chosen:
        check = stages.load(name).check
        if name == "prepare":
            key = repr((config.dataset, config.frontend))
            if key not in memo:
                memo[key] = _caught(check, config)
            errors += memo[key]
        else:
            errors += _caught(check, config)
    return errors


def _problems_without(faults: Sequence[str], overrides: Sequence[str], compose: Compose) -> list[str]:
    """Returns the problems of the stages that read no group with a fault."""
    keys = [fault.partition(":")[0] for fault in faults]
    groups = {key.partition(".")[0] for key in keys}
    usable = [text for text in overrides if not any(_concerns(text, key) for key in keys)]
    if groups & STAGE_KEYS or len(usable) == len(overrides):
        return []
    try:
        config = parse(compose(usable))
        chosen = plan.chosen_stages(config)
    except KwspipeError:
        return []
    checked = [name for name in chosen if not groups & set(stages.load(name).reads)]
    errors = _stage_errors(config, checked, given_keys(usable), {})
    return [text for error in errors for text in problems_of(error)]


def _concerns(override: str, key: str) -> bool:
    """Returns whether an override sets a key, a part of it, or a group that contains it."""
    (given,) = given_keys([override])
    return f"{key}.".startswith(f"{given}.") or f"{given}.".startswith(f"{key}.")


def _caught(check: Callable[..., None], *arguments: Any) -> list[KwspipeError]:
    try:
        check(*arguments)
    except KwspipeError as error:
        return [error]
    return []
