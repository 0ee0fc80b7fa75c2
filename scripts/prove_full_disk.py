"""Test of full disks: fills the disk in every stage of a run, then makes room and continues the run.

    sudo python scripts/prove_full_disk.py +experiment=smoke dataset=synthetic

The script needs root to mount a small tmpfs. For each stage, it copies the earlier stages from a reference run to a
file system without enough room for the stage. The run must fail with a message about the full disk and without a
partial folder of the stage. Then the script enlarges the file system, and the same command must complete the run with
the same metrics.json.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from measured_run import command, parsed, run_to_end, same_metrics
from rich.console import Console

ROOM = 0.5  # of the size of the stage
SPARE_BYTES = 256 * 1024  # for small files of the run and for rounding by the file system
PAGE_BYTES = 4096


def size_bytes(folder: Path) -> int:
    """Returns the size of a folder on a tmpfs, where each file takes whole pages and each name one page."""
    return sum(PAGE_BYTES + -(-path.lstat().st_size // PAGE_BYTES) * PAGE_BYTES for path in folder.rglob("*"))


def mount(folder: Path, size: int, again: bool = False) -> None:
    """Mounts a tmpfs of ``size`` bytes, or changes its size if ``again``."""
    options = f"size={size}" + (",remount" if again else "")
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)


def try_stage(stage: str, earlier: list[str], args: argparse.Namespace) -> list[str]:
    """Tests one stage and returns the faults."""
    reference, disk = args.folder / "reference", args.folder / "disk"
    disk.mkdir(exist_ok=True)
    taken = sum(size_bytes(reference / name) for name in earlier)
    mount(disk, taken + SPARE_BYTES + int(ROOM * size_bytes(reference / stage)))
    try:
        run_dir = disk / "run"
        for name in earlier:
            shutil.copytree(reference / name, run_dir / name)
        run_dir.mkdir(exist_ok=True)
        # The ballast leaves half of the size of the stage free, so that the disk becomes full in the stage.
        ballast = disk / "ballast"
        free = shutil.disk_usage(disk).free
        room = int(ROOM * min(size_bytes(reference / stage), 2 * free))
        ballast.write_bytes(bytes(max(free - room, 0) // PAGE_BYTES * PAGE_BYTES))
        faults = run_without_room(stage, run_dir, args)
        mount(disk, 2 * size_bytes(reference) + 64 * 1024 * 1024, again=True)
        ballast.unlink()
        return faults + run_with_room(stage, run_dir, args)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def run_without_room(stage: str, run_dir: Path, args: argparse.Namespace) -> list[str]:
    """Runs with too little room for the stage and returns the faults."""
    faults = []
    result = subprocess.run(command(args.overrides, run_dir), capture_output=True, text=True)
    last = result.stderr.strip().splitlines()[-1] if result.stderr.strip() else ""
    args.console.print(f"  {stage}: {last}", markup=False, soft_wrap=True)
    if result.returncode == 0:
        faults.append("the run succeeded without enough room")
    elif "no room on the disk" not in last and "No space left on device" not in last:
        faults.append("the message does not state that the disk is full")
    if "Traceback" in result.stderr:
        faults.append("a traceback")
    if (run_dir / stage).exists():
        faults.append("the folder of the stage exists")
    return faults


def run_with_room(stage: str, run_dir: Path, args: argparse.Namespace) -> list[str]:
    """Continues the run with enough room and returns the faults."""
    faults = []
    run_to_end(args.overrides, run_dir)
    if not (run_dir / stage / "manifest.json").is_file():
        faults.append("the stage is missing although there was room")
    if not same_metrics(args.folder / "reference", run_dir):
        faults.append("other metrics.json")
    partial = [
        path.name for path in run_dir.rglob(".*") if path.name.endswith((".partial", ".old", ".writer"))
    ]
    return faults + [f"left over: {name}" for name in partial]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path("runs/prove_full_disk"))
    args = parsed(parser)
    args.console = Console(highlight=False)
    stages = [name for name, _ in run_to_end(args.overrides, args.folder / "reference")[0]]
    failed = False
    for number, stage in enumerate(stages):
        faults = try_stage(stage, stages[:number], args)
        failed = failed or bool(faults)
        args.console.print(
            f"{stage}: {', '.join(faults) or 'reported, no partial folder, continued'}", markup=False
        )
    sys.exit(failed)


if __name__ == "__main__":
    main()
