"""Stage ``inspect``: a page with the training clips before and after augmentation, with playable audio."""

from pathlib import Path

from kwspipe import augment
from kwspipe.config import PipelineConfig
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.report import page
from kwspipe.report.inspect_page import compose
from kwspipe.stages import Stage
from kwspipe.terminal.lines import print_line

PAGE = "index.html"


def run(config: PipelineConfig, run_dir: Path, folder: Path) -> None:
    """Writes index.html in ``folder``."""
    page.write(folder / PAGE, compose(config, ClipStore(run_dir / "prepare")))
    size = (folder / PAGE).stat().st_size
    print_line(f"{run_dir / 'inspect' / PAGE} ({size / 1e6:.1f} MB): open it in a browser")


STAGE = Stage(
    name="inspect",
    reads=("name", "inspect", "augment", "frontend", "seed"),
    needs=("prepare",),
    run=run,
    sources=lambda config: augment.sources(config.augment.transforms) | {"templates": page.templates_hash()},
)
