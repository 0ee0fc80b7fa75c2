"""Job folders with the files that the stages of a sweep write."""

import json
from pathlib import Path

from kwspipe.sweep import record
from kwspipe.sweep.results import Job, read_figures, read_jobs

CAUSE = "quantize.max_accuracy_drop: int8 loses <0.2>\n on validation"


def write_job(
    sweep_dir: Path,
    overrides: dict[str, str],
    status: str = "done",
    cause: str | None = None,
    validation: float | None = None,
    accuracy: float | None = None,
    words: int = 10,
    instructions: int = 123,
) -> Job:
    """Writes a job folder with the given figures and returns its job."""
    folder = sweep_dir / "-".join(f"{key}_{value}" for key, value in overrides.items())
    folder.mkdir(parents=True)
    content = {
        "overrides": overrides,
        "status": status,
        "cause": cause,
        "seconds": 1.5,
        "process": "1",
        "code": "c" * 64,
    }
    (folder / record.RECORD).write_text(json.dumps(content))
    if validation is not None:
        (folder / "train").mkdir()
        text = f"epoch,val_balanced_accuracy\n0,{validation - 0.1}\n1,{validation}\n2,{validation - 0.2}\n"
        (folder / "train" / "history.csv").write_text(text)
    if accuracy is not None:
        (folder / "evaluate").mkdir()
        metrics = {
            "int8": {
                "accuracy": accuracy,
                "words_accuracy": 0.7,
                "unknown_rejected": 0.6,
                "per_class": {"one": {"clips": words}, "_unknown_": {"clips": 0}, "_silence_": {"clips": 5}},
            },
            "streaming": {"false_accepts_per_hour": 0.5},
        }
        (folder / "evaluate" / "metrics.json").write_text(json.dumps(metrics))
        (folder / "quantize").mkdir()
        (folder / "quantize" / "model.kws").write_bytes(bytes(1000))
        (folder / "quantize" / "profile.csv").write_text(
            f"layer,instructions\n0,100\n1,{instructions - 100}\n"
        )
    job_record = record.read(folder)
    assert job_record is not None
    return Job(folder, job_record, read_figures(folder))


def write_example_jobs(sweep_dir: Path) -> list[Job]:
    """Writes five jobs over model.alpha and seed: three done, one failed, one unfinished."""
    for alpha, seed, validation in (("0.1", "1", 0.9), ("0.1", "2", 0.92), ("0.2", "1", 0.8)):
        write_job(
            sweep_dir,
            {"model.alpha": alpha, "seed": seed},
            validation=validation,
            accuracy=validation - 0.01,
        )
    write_job(sweep_dir, {"model.alpha": "0.2", "seed": "2"}, status="failed", cause=CAUSE)
    write_job(sweep_dir, {"model.alpha": "0.3", "seed": "1"}, status="running")
    return read_jobs(sweep_dir)
