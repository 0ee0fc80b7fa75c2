"""What every sweeper does: launch the jobs that are missing, and conclude with the table, whatever happened."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.errors import HydraException
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext
from omegaconf import DictConfig, open_dict
from rich.console import Console

from kwspipe.config.parse import parse
from kwspipe.errors import KwspipeError
from kwspipe.exchange.external_model import apply_model_settings
from kwspipe.files.disk import translate_disk_errors
from kwspipe.pipeline import plan
from kwspipe.runs import shared_results
from kwspipe.sweep import page, record, table
from kwspipe.sweep.folders import job_folder
from kwspipe.sweep.job import SHARED, sweep_here
from kwspipe.sweep.progress import shown_while
from kwspipe.sweep.record import JobRecord
from kwspipe.sweep.results import Job, figures, jobs_of

ATTEMPTS = 3  # of the launcher: a job may be lost because of its neighbour, but hardly every time


class Sweeping:
    """The jobs of one invocation.

    Args:
        hydra_context: Hydra's.
        config: of the sweep, as Hydra composed it.
        launcher: runs the jobs.
        swept: keys of the overrides that differ from job to job.

    Attributes:
        jobs: those asked for so far, as they stood when their batch was over.
    """

    def __init__(
        self, hydra_context: HydraContext, config: DictConfig, launcher: Launcher, swept: Sequence[str]
    ) -> None:
        self.context, self.config, self.launcher = hydra_context, config, launcher
        self.sweep_dir = Path(str(config.hydra.sweep.dir)).resolve()
        self.swept = swept
        self.jobs: list[Job] = []
        self._folders: set[Path] = set()
        sweep_here()

    def run(self, batch: Sequence[Sequence[str]]) -> list[Job]:
        """Runs the jobs with these overrides, but for those that are done already, and returns all of them."""
        missing = [overrides for overrides in batch if not self._done(overrides)]
        if len(missing) < len(batch):
            count = len(batch) - len(missing)
            Console(stderr=True, highlight=False).print(
                f"{count} of {len(batch)} jobs are done already; {len(missing)} to do"
            )
        self._folders.update(map(self._folder, batch))
        if missing:
            here = isinstance(self.launcher, BasicLauncher)
            with nullcontext() if here else shown_while([self._folder(overrides) for overrides in missing]):
                self._launch(missing)
        jobs = [self._job(overrides) for overrides in batch]
        self.jobs.extend(jobs)
        return jobs

    @contextmanager
    def concluded(self) -> Iterator[None]:
        """Leaves the table, also after an interruption; then reports jobs that failed.

        Raises:
            KwspipeError: at least one did.
        """
        with translate_disk_errors(self.sweep_dir):
            self.sweep_dir.mkdir(parents=True, exist_ok=True)
            try:
                yield
            finally:
                jobs = jobs_of(self.sweep_dir)
                if jobs:
                    self._write(jobs)
        failed = [job for job in jobs if job.folder in self._folders and job.record.status == "failed"]
        if failed:
            raise KwspipeError(
                str(self.sweep_dir),
                f"{len(failed)} of {len(self._folders)} jobs failed: {', '.join(j.folder.name for j in failed)}",
                "jobs that run to their end",
                "see the causes above; the same command does what is missing",
            )

    def _write(self, jobs: Sequence[Job]) -> None:
        shared_results.remove_unused(self.sweep_dir / SHARED)
        table.write_csv(jobs, self.sweep_dir / "sweep.csv")
        page.write_page(self.sweep_dir.name, jobs, self.sweep_dir / "sweep.html")
        console = Console(highlight=False)
        table.print_table(jobs, console)
        console.print(f"Everything lies in {self.sweep_dir}; see sweep.html", soft_wrap=True)

    def _launch(self, missing: Sequence[Sequence[str]]) -> None:
        """Launches jobs; where the launcher itself fails, those that it lost once more."""
        for attempt in range(ATTEMPTS):
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
                if attempt == ATTEMPTS - 1 or after == before:
                    raise _launcher_failed(self.config, error) from None
                missing = [o for o in missing if _lost(before[self._folder(o)], after[self._folder(o)])]

    def _extra(self) -> str:
        return "slurm" if "Slurm" in type(self.launcher).__name__ else "ray"

    def _folder(self, overrides: Sequence[str]) -> Path:
        return job_folder(self.sweep_dir, overrides, self.swept)

    def _done(self, overrides: Sequence[str]) -> bool:
        folder = self._folder(overrides)
        kept = record.read(folder)
        if kept is None or kept.status != "done":
            return False
        config = self.context.config_loader.load_sweep_config(self.config, list(overrides))
        with open_dict(config):
            del config["hydra"]
            config.run_dir = str(folder)
        try:
            apply_model_settings(config, overrides)
            return plan.is_finished(parse(config))
        except KwspipeError:
            return False  # the job will say what is wrong

    def _job(self, overrides: Sequence[str]) -> Job:
        """Returns a job as it stands now; one that left no record was lost before it began."""
        folder = self._folder(overrides)
        kept = record.read(folder)
        if kept is None or kept.status == "running":
            record.note_loss(folder, overrides, "its process was lost; the launcher's log may say why")
            kept = record.read(folder)
        assert kept is not None
        return Job(folder, kept, figures(folder))


def _lost(before: JobRecord | None, after: JobRecord | None) -> bool:
    return after == before or after is None or after.status == "running"


def _launcher_failed(config: DictConfig, error: Exception) -> KwspipeError:
    return KwspipeError(
        "hydra/launcher",
        f"{config.hydra.launcher._target_} failed: {type(error).__name__}: {error}",
        "a launcher that returns when all jobs are over",
        "see whether a machine ran out of memory; the same command does what is missing",
    )


def not_installed(where: str, extra: str, message: str) -> KwspipeError:
    """Returns the error for an optional package that is missing."""
    return KwspipeError(
        where,
        message.strip().splitlines()[0],
        f"the extra `{extra}` installed",
        f"pip install 'kwspipe[{extra}]'",
    )
