"""What the model costs on a board: memory and time."""

import re
from collections import defaultdict
from typing import Any

from markupsafe import Markup

from kwspipe.report.charts import bars
from kwspipe.report.facts import RunFacts

# Flash and RAM of the chips, in bytes: EFR32MG24B310F1536IM48 (firmware/boards/brd2601/brd2601.ld).
CHIPS = {"brd2601": (1536 * 1024, 256 * 1024)}
# Style and plain words for what a layer does; of fused operators the first in this list decides.
KINDS = {
    "DEPTHWISE": ("series2", "depthwise"),
    "CONV_2D": ("series1", "convolution"),
    "FULLY_CONNECTED": ("series4", "dense"),
    "ADD": ("series3", "addition"),
}
OTHER_KIND = ("series5", "other")
FUSED_KIND = ("series6", "convolution and depthwise, fused")


def memory(board: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the memory map of a board: for flash and RAM its parts, in order.

    Args:
        board: what deploy left of it.

    Returns:
        ``name``, ``total`` (bytes) and ``parts``: style, name and bytes of each; only figures that are known.
    """
    chip = CHIPS.get(str(board.get("board")))
    image, slot = board.get("image_bytes"), board.get("slot_bytes")
    flash = [
        ("series1", "firmware", board.get("firmware_flash_bytes")),
        ("series2", "this model", image),
        ("spare", "room left in its slot", slot - image if slot and image else None),
        ("quiet", "second slot", slot),
    ]
    arena, needed, pool = (board.get(f"{name}_bytes") for name in ("arena", "memory", "max_memory"))
    ram = board.get("firmware_ram_bytes")
    work = [
        ("series2", "tensor arena", arena),
        ("series3", "front end, features, detector", needed - arena if needed and arena else None),
        ("spare", "room for a larger model", pool - needed if pool and needed else None),
        ("series1", "firmware, buffers and stack" if pool else "firmware", _beside(ram, pool or needed)),
    ]
    maps = []
    for name, parts, whole in (("Flash", flash, chip and chip[0]), ("RAM", work, chip and chip[1])):
        known = [(style, text, size) for style, text, size in parts if size]
        used = sum(size for *_, size in known)
        free = [("free", "free", whole - used)] if whole and whole > used else []
        if known:
            maps.append({"name": name, "total": max(whole or 0, used), "parts": [*known, *free]})
    return maps


def _beside(ram: int | None, pool: int | None) -> int | None:
    return ram - pool if ram and pool and ram > pool else None


def board_facts(board: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Returns the figures of a board, for a table: name, value, unit or note."""
    parity = board.get("parity", {})
    rows = [
        ("Firmware", str(board.get("firmware", "")), ""),
        (
            "Golden inputs equal bit for bit",
            str(parity.get("vectors", "")),
            "all" if parity.get("equal") else "not all",
        ),
        ("Push over the serial line", f"{board['push_seconds']:.1f}", "s")
        if "push_seconds" in board
        else ("", "", ""),
    ]
    cost = next(
        (
            (key.removesuffix("_per_inference"), value)
            for key, value in board.items()
            if key.endswith("_per_inference")
        ),
        None,
    )
    if cost:
        rows.insert(1, ("One inference", f"{cost[1]:,}", cost[0]))
    return [row for row in rows if row[1]]


def profile(facts: RunFacts) -> dict[str, Any] | None:
    """Returns the profile of the layers: chart, sums by kind, and the rows for a table."""
    if not facts.profile:
        return None
    counted = all(row["instructions"] for row in facts.profile)
    column, unit = (
        ("instructions", "instructions") if counted else ("multiply_accumulates", "multiply-accumulates")
    )
    costs = [float(row[column]) for row in facts.profile]
    styles = [_kind(row["kind"]) for row in facts.profile]
    sums: dict[tuple[str, str], float] = defaultdict(float)
    for cost, style in zip(costs, styles, strict=True):
        sums[style] += cost
    total = sum(costs) or 1.0
    chart: Markup = bars.layers(
        costs, [row["kind"] for row in facts.profile], [style for style, _ in styles], unit
    )
    return {
        "chart": chart,
        "unit": unit,
        "total": total,
        "macs": sum(float(row["multiply_accumulates"]) for row in facts.profile),
        "kinds": sorted(((*kind, cost / total) for kind, cost in sums.items()), key=lambda item: -item[2]),
        "rows": [(row, cost, cost / total) for row, cost in zip(facts.profile, costs, strict=True)],
    }


def _kind(operators: str) -> tuple[str, str]:
    parts = re.split(r"\+", operators)
    if len(parts) > 1 and any("DEPTHWISE" in part for part in parts):
        return FUSED_KIND
    return next((style for key, style in KINDS.items() if key in operators), OTHER_KIND)
