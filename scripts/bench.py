"""Measures speed, prints it with the figures of a reference and of a peer, and writes runs/bench.json.

python scripts/bench.py                              all figures: some minutes on a machine without other load
python scripts/bench.py --only int8_inference_us     one figure; the file keeps the others
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from bench_data_path import measure_far_field, measure_noisy, measure_pitch
from bench_entry import Entry
from bench_frontend import measure
from bench_model import measure_inference, measure_stream
from bench_training import measure_pipeline, measure_training
from rich.console import Console
from rich.table import Table

RESULT = Path(__file__).resolve().parents[1] / "runs" / "bench.json"
BENCHMARKS: dict[str, Callable[[], Entry]] = {
    "frontend_clips_per_second": measure,
    "data_path_noisy_clips_per_second": measure_noisy,
    "data_path_far_field_clips_per_second": measure_far_field,
    "data_path_pitch_clips_per_second": measure_pitch,
    "train_clips_per_second": measure_training,
    "int8_inference_us": measure_inference,
    "stream_realtime_factor": measure_stream,
    "pipeline_seconds": measure_pipeline,
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures speed and writes runs/bench.json.")
    parser.add_argument(
        "--only", action="append", choices=list(BENCHMARKS), help="measure this figure; may be repeated"
    )
    parser.add_argument("--result", type=Path, default=RESULT, help="file to write")
    arguments = parser.parse_args()
    entries = _earlier(arguments.result) if arguments.only else {}
    console = Console(stderr=True)
    for name in arguments.only or BENCHMARKS:
        console.print(f"[bold]{name}[/]")
        entries[name] = BENCHMARKS[name]().as_mapping()
        write(arguments.result, entries)
    Console().print(table(entries))
    Console().print(f"Written to {arguments.result}", soft_wrap=True)


def write(file: Path, entries: dict[str, dict[str, object]]) -> None:
    """Writes the entries in the order of the benchmarks, atomically."""
    ordered = [entries[name] for name in BENCHMARKS if name in entries]
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(".partial")
    temporary.write_text(json.dumps(ordered, indent=2) + "\n")
    temporary.replace(file)


def table(entries: dict[str, dict[str, object]]) -> Table:
    """Returns the entries as a table."""
    result = Table(title="Ratios above 1: kwspipe is better")
    for heading in ("figure", "value", "reference, same run", "ratio", "peer", "ratio"):
        result.add_column(
            heading, justify="left" if heading == "figure" else "right", no_wrap=heading == "figure"
        )
    for name in BENCHMARKS:
        if name in entries:
            one = entries[name]
            figures = [_short(one[key]) for key in ("value", "reference", "ratio", "peer", "peer_ratio")]
            result.add_row(name, *figures)
    references = {f"{name}: {one['reference_is']}" for name, one in entries.items() if one["reference_is"]}
    result.caption = "\n".join(["References:", *sorted(references), f"Peer: {_peer(entries)}"])
    result.caption_justify = "left"
    return result


def _short(figure: object) -> str:
    if not isinstance(figure, float | int):
        return "-"
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.2f}"


def _peer(entries: dict[str, dict[str, object]]) -> str:
    return next((str(one["peer_is"]) for one in entries.values() if one["peer_is"]), "none")


def _earlier(file: Path) -> dict[str, dict[str, object]]:
    try:
        return {one["name"]: one for one in json.loads(file.read_text())}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError):
        sys.exit(f"{file} is not a file of this script: delete it and run again")


if __name__ == "__main__":
    main()
