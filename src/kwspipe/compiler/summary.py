"""Files summary.txt and profile.csv of a compiled model: its layers and their cost."""

import csv
from collections.abc import Sequence
from pathlib import Path

from kwspipe.compiler.compile import ImageSummary, LayerSummary

COLUMNS = ("layer", "kind", "output_shape", "multiply_accumulates", "instructions", "share")


def profile_rows(summary: ImageSummary, instructions: Sequence[int] | None) -> list[tuple[str, ...]]:
    """Returns one row per layer with the columns COLUMNS.

    Args:
        summary: summary of the compiled model.
        instructions: instructions of each layer on the emulated board, or None if they were not counted. Without them,
            ``share`` is the share of the multiply-accumulates.
    """
    costs = list(instructions) if instructions is not None else [layer.num_macs for layer in summary.layers]
    total = sum(costs) or 1
    return [
        (
            str(number),
            layer.kinds,
            _shape(layer),
            str(layer.num_macs),
            str(costs[number]) if instructions is not None else "",
            f"{costs[number] / total:.4f}",
        )
        for number, layer in enumerate(summary.layers)
    ]


def write_profile(path: Path, summary: ImageSummary, instructions: Sequence[int] | None) -> None:
    """Writes profile.csv."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(profile_rows(summary, instructions))


def write_summary(
    path: Path, name: str, labels: Sequence[str], summary: ImageSummary, instructions: Sequence[int] | None
) -> None:
    """Writes summary.txt with the labels, the sizes and the table of the layers; see ``profile_rows``."""
    lines = [
        f"model            {name}",
        f"labels           {' '.join(labels)}",
        f"image            {summary.image_bytes:,} bytes",
        f"tensor arena     {summary.arena_bytes:,} bytes",
        f"one inference    {summary.num_macs:,} multiply-accumulates in {len(summary.layers)} layers",
    ]
    if instructions is not None:
        lines.append(f"                 {sum(instructions):,} instructions on the emulated board")
    lines += ["", "  #  output              MACs  instructions    share  operators"]
    lines += [
        f"{layer:>3}  {shape:<12} {int(macs):>11,}  {f'{int(count):,}' if count else '':>12}  "
        f"{100 * float(share):>5.1f} %  {kind}"
        for layer, kind, shape, macs, count, share in profile_rows(summary, instructions)
    ]
    path.write_text("\n".join(lines) + "\n")


def _shape(layer: LayerSummary) -> str:
    return "x".join(str(size) for size in layer.output_shape)
