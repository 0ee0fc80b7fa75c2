"""Execution of a sweep, common to all sweepers: launches the missing jobs and writes the table of all jobs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.errors import HydraException
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext
from omegaconf import DictConfig, open_dict

from kwspipe.config.parse import parse
from kwspipe.errors import KwspipeError
from kwspipe.exchange.external_model import apply_model_settings
from kwspipe.files.disk import translate_disk_errors
from kwspipe.pipeline import plan
from kwspipe.runs import shared_results
from kwspipe.sweep import page, record, table
from kwspipe.sweep.job import SHARED, mark_sweeper_process, name_jobs
from kwspipe.sweep.job_checks import check_jobs, swept_values
from kwspipe.sweep.job_folders import job_folder
from kwspipe.sweep.progress import show_progress
from kwspipe.sweep.record import JobRecord
from kwspipe.sweep.results import Job, read_figures, read_jobs
from kwspipe.terminal.lines import console, print_line

REMOTE_LAUNCHERS = ("RayLauncher", "SlurmLauncher")
MAX_LAUNCHES = 3  # a crash of the launcher can lose jobs that have no error of their own


class SweepRun:
    """The jobs of one call of a sweeper.

    Args:
        hydra_context: Hydra's context.
        config: configuration of the sweep, composed by Hydra.
        launcher: launcher of the jobs.
        swept: keys of the overrides that differ from job to job.

    Attributes:
        jobs: the requested jobs with their status at the end of their batch.
    """

    def __init__(
        self, hydra_context: HydraContext, config: DictConfig, launcher: Launcher, swept: Sequence[str]
    ) -> None:
        self.context, self.config, self.launcher = hydra_context, config, launcher
        self.sweep_dir = Path(str(config.hydra.sweep.dir)).resolve()
        self.swept = swept
        self.jobs: list[Job] = []
        self._folders: set[Path] = set()
        self._done: dict[Path, bool] = {}  # before the first job of this call
        mark_sweeper_process()

    def check(self, batch: Sequence[Sequence[str]]) -> None:
        """Checks the jobs with these overrides before any folder is created.

        Raises:
            ConfigError: the problems of all jobs.
        """
        remote = type(self.launcher).__name__ in REMOTE_LAUNCHERS
        self._done |= {self._folder(overrides): self._is_done(overrides) for overrides in batch}
        missing = [overrides for overrides in batch if not self._done[self._folder(overrides)]]
        check_jobs(missing, self._compose, self.swept, on_this_machine=not remote)

    def run(self, batch: Sequence[Sequence[str]]) -> list[Job]:
        """Runs the jobs with these overrides that are not done yet, and returns all jobs of the batch."""
        folders = [self._folder(overrides) for overrides in batch]
        for folder, overrides in zip(folders, batch, strict=True):
            if folder not in self._done:
                self._done[folder] = self._is_done(overrides)
        missing = [
            overrides for folder, overrides in zip(folders, batch, strict=True) if not self._done[folder]
        ]
        if len(missing) < len(batch):
            count = len(batch) - len(missing)
            print_line(f"{count} of {len(batch)} jobs are done already; {len(missing)} to do", indent=0)
        self._folders.update(folders)
        if missing:
            self.sweep_dir.mkdir(parents=True, exist_ok=True)
            in_sweeper = isinstance(self.launcher, BasicLauncher)
            names = {
                self._folder(overrides): f"job {number} ({swept_values(overrides, self.swept)})"
                for number, overrides in enumerate(missing, len(self.jobs) + 1)
            }
            for folder in names:
                record.reset_failed(folder)
            name_jobs(names)
            with nullcontext() if in_sweeper else show_progress(names):
                self._launch(missing)
        jobs = [self._job(overrides) for overrides in batch]
        self.jobs.extend(jobs)
        return jobs

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """Writes the table at the end of the block, also after an interruption.

        Raises:
            KwspipeError: at least one of the jobs failed.
        """
        with translate_disk_errors(self.sweep_dir):
            try:
                yield
            finally:
                jobs = self._listed_jobs()
                if jobs:
                    self._write(jobs)
        failed = [job for job in jobs if job.folder in self._folders and job.record.status == "failed"]
        if failed:
            raise KwspipeError(
                str(self.sweep_dir),
                f"{len(failed)} of {len(self._folders)} jobs failed: {', '.join(j.folder.name for j in failed)}",
                "jobs that finish",
                "see the causes above; the same command runs the jobs that are not done",
            )

    def _listed_jobs(self) -> list[Job]:
        """Returns the jobs of the sweep directory, without failed ones that this call does not run."""
        jobs = read_jobs(self.sweep_dir)
        return [job for job in jobs if job.record.status != "failed" or job.folder in self._folders]

    def _write(self, jobs: Sequence[Job]) -> None:
        shared_results.remove_unused(self.sweep_dir / SHARED)
        table.write_csv(jobs, self.sweep_dir / "sweep.csv")
        page.write_page(self.sweep_dir.name, jobs, self.sweep_dir / "sweep.html")
        results = console(stderr=False)
        table.print_table(jobs, results)
        results.print(f"Sweep directory: {self.sweep_dir}; open sweep.html in a browser", markup=False)

    def _launch(self, missing: Sequence[Sequence[str]]) -> None:
        """Launches jobs. If the launcher fails, launches the lost jobs again."""
        for attempt in range(MAX_LAUNCHES):
            before = {self._folder(overrides): record.read(self._folder(overrides)) for overrides in missing}
            try:
                named = [
                    [*overrides, f"hydra.sweep.subdir={self._folder(overrides).name}"]
                    for overrides in missing
                ]
                self.launcher.launch(named, initial_job_idx=len(self.jobs))
                return
            except (KwspipeError, HydraException):
                raise
            except ImportError as error:
                raise not_installed("hydra/launcher", self._extra(), str(error)) from None
            except Exception as error:
                after = {folder: record.read(folder) for folder in before}
                if attempt == MAX_LAUNCHES - 1 or after == before:
                    raise _launcher_failed(self.config, error) from None
                missing = [o for o in missing if _is_lost(before[self._folder(o)], after[self._folder(o)])]

    def _extra(self) -> str:
        return "slurm" if "Slurm" in type(self.launcher).__name__ else "ray"

    def _folder(self, overrides: Sequence[str]) -> Path:
        return job_folder(self.sweep_dir, overrides, self.swept)

    def _is_done(self, overrides: Sequence[str]) -> bool:
        folder = self._folder(overrides)
        job_record = record.read(folder)
        if job_record is None or job_record.status != "done":
            return False
        config = self._compose(overrides)
        try:
            apply_model_settings(config, overrides)
            return plan.is_finished(parse(config))
        except KwspipeError:
            return False  # the job reports the error

    def _compose(self, overrides: Sequence[str]) -> DictConfig:
        """Returns the configuration of a job."""
        config = self.context.config_loader.load_sweep_config(self.config, list(overrides))
        with open_dict(config):
            del config["hydra"]
            config.run_dir = str(self._folder(overrides))
        return config

    def _job(self, overrides: Sequence[str]) -> Job:
        """Returns a job with its present status. A job without a record was lost before it started."""
        folder = self._folder(overrides)
        job_record = record.read(folder)
        if job_record is None or job_record.status == "running":
            record.record_lost_job(folder, overrides, "its process was lost; see the log of the launcher")
            job_record = record.read(folder)
        assert job_record is not None
        return Job(folder, job_record, read_figures(folder))


def _is_lost(before: JobRecord | None, after: JobRecord | None) -> bool:
    return after == before or after is None or after.status == "running"


def _launcher_failed(config: DictConfig, error: Exception) -> KwspipeError:
    return KwspipeError(
        "hydra/launcher",
        f"{config.hydra.launcher._target_} failed: {type(error).__name__}: {error}",
        "a launcher that returns when all jobs have ended",
        "check whether a machine ran out of memory; the same command runs the jobs that are not done",
    )


def not_installed(where: str, extra: str, message: str) -> KwspipeError:
    """Returns the error for a missing optional package.

    Args:
        where: configuration key that requires the package.
        extra: extra of kwspipe that contains the package.
        message: message of the ImportError.
    """
    return KwspipeError(
        where,
        message.strip().splitlines()[0],
        f"the extra `{extra}` installed",
        f"pip install 'kwspipe[{extra}]'",
    )
