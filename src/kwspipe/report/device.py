"""Device section of the report: memory of a board, figures measured on it, and cost of the layers."""

import re
from collections import defaultdict
from typing import Any

from kwspipe.report.charts import bars
from kwspipe.report.formatting import thousands
from kwspipe.report.run_contents import RunContents

# Flash and RAM of the chips, in bytes: EFR32MG24B310F1536IM48 (firmware/boards/brd2601/brd2601.ld).
CHIPS = {"brd2601": (1536 * 1024, 256 * 1024)}
# Style and name by operator. The first entry that occurs in a layer with several operators applies.
KINDS = {
    "DEPTHWISE": ("series2", "depthwise"),
    "CONV_2D": ("series1", "convolution"),
    "FULLY_CONNECTED": ("series4", "dense"),
    "ADD": ("series3", "addition"),
}
OTHER_KIND = ("series5", "other")
FUSED_KIND = ("series6", "convolution and depthwise, fused")
Part = tuple[str, str, int | None]  # style, name, bytes


def memory(board: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the memory map of a board: flash and RAM with their parts in order.

    Args:
        board: the JSON file of deploy for the board.

    Returns:
        Per memory: ``name``, ``total`` in bytes, and ``parts`` with style, name and bytes. Parts of unknown size are
        not included.
    """
    chip = CHIPS.get(str(board.get("board")))
    image, slot = board.get("image_bytes"), board.get("slot_bytes")
    arena, needed, pool = (board.get(f"{name}_bytes") for name in ("arena", "memory", "max_memory"))
    flash: list[Part] = [
        ("series1", "firmware", board.get("firmware_flash_bytes")),
        ("series2", "this model", image),
        ("spare", "free space of its slot", _difference(slot, image)),
        ("quiet", "second slot", slot),
    ]
    firmware_ram = _difference(board.get("firmware_ram_bytes"), pool or needed)
    ram: list[Part] = [
        ("series2", "tensor arena", arena),
        ("series3", "front end, features, detector", _difference(needed, arena)),
        ("spare", "reserve for larger models", _difference(pool, needed)),
        ("series1", "firmware, buffers and stack" if pool else "firmware", firmware_ram),
    ]
    maps = []
    for name, parts, capacity in (("Flash", flash, chip and chip[0]), ("RAM", ram, chip and chip[1])):
        known = [(style, text, size) for style, text, size in parts if size]
        used = sum(size for *_, size in known)
        free = [("free", "free", capacity - used)] if capacity and capacity > used else []
        if known:
            maps.append({"name": name, "total": max(capacity or 0, used), "parts": [*known, *free]})
    return maps


def _difference(total: int | None, part: int | None) -> int | None:
    return total - part if total and part and total > part else None


def measurements(board: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Returns the figures of a board as (name, value, unit or note)."""
    rows = [("Firmware", str(board.get("firmware", "")), "")]
    for key, value in board.items():
        if key.endswith("_per_inference"):
            rows.append(("Inference", thousands(value), key.removesuffix("_per_inference")))
            break
    parity = board.get("parity", {})
    if parity.get("vectors"):
        rows.append(
            (
                "Bit-exact outputs",
                "all of" if parity.get("equal") else "not all of",
                f"{parity['vectors']} golden inputs",
            )
        )
    if "push_seconds" in board:
        rows.append(("Transfer over the serial line", f"{board['push_seconds']:.1f}", "s"))
    return [row for row in rows if row[1]]


def profile(run: RunContents) -> dict[str, Any] | None:
    """Returns the cost of the layers: chart, sums by kind of layer, and rows of a table."""
    if not run.profile:
        return None
    counted = all(row["instructions"] for row in run.profile)
    column, unit = (
        ("instructions", "instructions") if counted else ("multiply_accumulates", "multiply-accumulates")
    )
    costs = [float(row[column]) for row in run.profile]
    kinds = [_kind(row["kind"]) for row in run.profile]
    sums: dict[tuple[str, str], float] = defaultdict(float)
    for cost, kind in zip(costs, kinds, strict=True):
        sums[kind] += cost
    total = sum(costs) or 1.0
    return {
        "chart": bars.layers(
            costs, [row["kind"] for row in run.profile], [style for style, _ in kinds], unit
        ),
        "unit": unit,
        "total": total,
        "macs": sum(float(row["multiply_accumulates"]) for row in run.profile),
        "kinds": sorted(
            ((*kind, kinds.count(kind), cost, cost / total) for kind, cost in sums.items()),
            key=lambda item: -item[3],
        ),
        "rows": [(row, cost, cost / total) for row, cost in zip(run.profile, costs, strict=True)],
    }


def _kind(operators: str) -> tuple[str, str]:
    parts = re.split(r"\+", operators)
    if len(parts) > 1 and any("DEPTHWISE" in part for part in parts):
        return FUSED_KIND
    return next((kind for key, kind in KINDS.items() if key in operators), OTHER_KIND)
