"""Lets the disk become full in every stage, and looks at what a run says and leaves; then makes room and goes on.

    sudo python scripts/prove_full_disk.py +experiment=smoke dataset=synthetic

Needs root, to mount a small tmpfs. For each stage: the earlier ones are copied from a reference run, the file system
gets so little room beyond them that the stage cannot end, and the run must fail with a message that says so and without
a half-written stage; then the file system grows, and the same command must end with the same metrics.json.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from prove_resume import command, parsed, run_whole, same_metrics
from rich.console import Console

ROOM = 0.5  # of what the stage writes
SPARE_BYTES = 256 * 1024  # for the run's own small files and for what file systems round up
PAGE_BYTES = 4096


def size_bytes(folder: Path) -> int:
    """What files take up on a tmpfs: whole pages, and one for each name."""
    return sum(PAGE_BYTES + -(-path.lstat().st_size // PAGE_BYTES) * PAGE_BYTES for path in folder.rglob("*"))


def mount(folder: Path, size: int, again: bool = False) -> None:
    options = f"size={size}" + (",remount" if again else "")
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)


def try_stage(stage: str, earlier: list[str], args: argparse.Namespace) -> list[str]:
    """Returns what was wrong."""
    reference, disk = args.folder / "reference", args.folder / "disk"
    disk.mkdir(exist_ok=True)
    taken = sum(size_bytes(reference / name) for name in earlier)
    mount(disk, taken + SPARE_BYTES + int(ROOM * size_bytes(reference / stage)))
    try:
        run_dir = disk / "run"
        for name in earlier:
            shutil.copytree(reference / name, run_dir / name)
        run_dir.mkdir(exist_ok=True)
        # What is left beyond half of the stage is taken, so that the stage meets the full disk and not the run.
        ballast = disk / "ballast"
        free = shutil.disk_usage(disk).free
        room = int(ROOM * min(size_bytes(reference / stage), 2 * free))
        ballast.write_bytes(bytes(max(free - room, 0) // PAGE_BYTES * PAGE_BYTES))
        wrong = run_without_room(stage, run_dir, args)
        mount(disk, 2 * size_bytes(reference) + 64 * 1024 * 1024, again=True)
        ballast.unlink()
        return wrong + run_with_room(stage, run_dir, args)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def run_without_room(stage: str, run_dir: Path, args: argparse.Namespace) -> list[str]:
    """Has the stage fail; returns what was wrong."""
    wrong = []
    result = subprocess.run(command(args.overrides, run_dir), capture_output=True, text=True)
    last = result.stderr.strip().splitlines()[-1] if result.stderr.strip() else ""
    args.console.print(f"  {stage}: {last}", markup=False, soft_wrap=True)
    if result.returncode == 0:
        wrong.append("it ended well, though there was no room")
    elif "no room on the disk" not in last and "No space left on device" not in last:
        wrong.append("the message does not say that the disk is full")
    if "Traceback" in result.stderr:
        wrong.append("a traceback")
    if (run_dir / stage).exists():
        wrong.append("the stage's folder is there")
    return wrong


def run_with_room(stage: str, run_dir: Path, args: argparse.Namespace) -> list[str]:
    """Has the same run go on; returns what was wrong."""
    wrong = []
    run_whole(args.overrides, run_dir)
    if not (run_dir / stage / "manifest.json").is_file():
        wrong.append("the stage is missing after there was room")
    if not same_metrics(args.folder / "reference", run_dir):
        wrong.append("other metrics.json")
    left = [path.name for path in run_dir.rglob(".*") if path.name.endswith((".partial", ".old", ".writer"))]
    return wrong + [f"left over: {name}" for name in left]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path("runs/prove_full_disk"))
    args = parsed(parser)
    args.console = Console(highlight=False)
    stages = [name for name, _ in run_whole(args.overrides, args.folder / "reference")[0]]
    failed = False
    for number, stage in enumerate(stages):
        wrong = try_stage(stage, stages[:number], args)
        failed = failed or bool(wrong)
        args.console.print(
            f"{stage}: {', '.join(wrong) or 'told, nothing half-written, went on'}", markup=False
        )
    sys.exit(failed)


if __name__ == "__main__":
    main()
