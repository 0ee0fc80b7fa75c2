"""Plan of a run: the stages to run, why each one has to run, and the outputs that follow."""

from pathlib import Path

from kwspipe import stages
from kwspipe.config import PipelineConfig, stage_order
from kwspipe.config.parse import to_mapping
from kwspipe.errors import KwspipeError
from kwspipe.pipeline import outputs
from kwspipe.runs.artifacts import Fingerprint, code_hash, outputs_hash, read_manifest, stale_because
from kwspipe.runs.stage_folder import finish_commit

FORCED, ALWAYS = (
    "forced",
    "runs each time",
)  # reasons for which a stage is not shared between the jobs of a sweep


def chosen_stages(config: PipelineConfig) -> list[str]:
    """Returns the stages to run: those of `stages` from `from` on, in the order of the pipeline.

    Raises:
        KwspipeError: no stage remains.
    """
    begin = stage_order.ORDER.index(config.from_stage) if config.from_stage else 0
    order = (*stage_order.ORDER[begin:], *stage_order.OPTIONAL)
    chosen: list[str] = [name for name in order if name in config.stages]
    if not chosen:
        raise KwspipeError(
            "from",
            f"{config.from_stage!r} leaves none of stages={list(config.stages)}",
            "a stage that is in `stages`, or one before it",
            "correct `from` or `stages`",
        )
    return chosen if config.import_model.path is None else _with_import(config, chosen)


def _with_import(config: PipelineConfig, chosen: list[str]) -> list[str]:
    """Replaces train and quantize by import, and adds prepare where a stage needs it."""
    rest = [name for name in chosen if name not in (*stage_order.IMPORT_REPLACES, "prepare")]
    if config.detector.target_false_accepts_per_hour is not None:
        return ["prepare", stage_order.IMPORT, *rest]  # thresholds are chosen on the prepared clips
    prepare = "prepare" in chosen or any("prepare" in stages.load(name).needs for name in rest)
    return [stage_order.IMPORT, *(["prepare"] if prepare else []), *rest]


def outputs_after(chosen: list[str]) -> list[outputs.Output]:
    """Returns the outputs that depend on one of the stages, in their order."""
    return [output for output in map(outputs.load, outputs.ORDER) if set(chosen) & set(output.after)]


def is_finished(config: PipelineConfig) -> bool:
    """Returns whether all configured stages and outputs are up to date."""
    run_dir = run_directory_of(config)
    chosen = chosen_stages(config)
    for stage in map(stages.load, chosen):
        try:
            fingerprint = fingerprint_of(stage, config, run_dir)
        except KwspipeError:  # the artifacts of an earlier stage are missing
            return False
        if reason_to_run(config, stage, run_dir, fingerprint):
            return False
    return all(output.is_current(config, run_dir) for output in outputs_after(chosen))


def run_directory_of(config: PipelineConfig) -> Path:
    """Returns the absolute path of the run directory."""
    return Path(config.run_dir).expanduser().resolve()


def reason_to_run(
    config: PipelineConfig, stage: stages.Stage, run_dir: Path, fingerprint: Fingerprint
) -> str | None:
    """Returns why a stage has to run, None if its folder is up to date."""
    if stage.always:
        return ALWAYS
    forced = config.force if isinstance(config.force, bool) else stage.name in config.force
    return FORCED if forced else stale_because(run_dir / stage.folder, fingerprint)


def fingerprint_of(stage: stages.Stage, config: PipelineConfig, run_dir: Path) -> Fingerprint:
    """Returns the fingerprint of a stage: the configuration, inputs and code that its result depends on.

    Raises:
        KwspipeError: the artifacts of an earlier stage are missing.
    """
    whole = to_mapping(config)
    inputs = stage.sources(config)
    for needed in stage.needs:
        inputs[needed] = _outputs_hash(stage.name, run_dir / needed)
    for used in stage.uses:
        if (run_dir / used).exists():
            inputs[used] = _outputs_hash(stage.name, run_dir / used)
    return Fingerprint({key: whole[key] for key in stage.reads}, inputs, code_hash())


def _outputs_hash(stage_name: str, folder: Path) -> str:
    finish_commit(folder)
    manifest = read_manifest(folder)
    if manifest is None:
        raise KwspipeError(
            str(folder),
            f"missing or incomplete, and {stage_name} needs it",
            f"the artifacts of the stage {folder.name}",
            f"run it first: add {folder.name} to `stages`, or leave out `from`",
        )
    return outputs_hash(manifest)
