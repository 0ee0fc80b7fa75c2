"""Table of a sweep as a self-contained HTML page."""

import html
from collections.abc import Sequence
from pathlib import Path

from kwspipe.sweep import parallel_coordinates
from kwspipe.sweep.groups import Group, groups_of, varied_keys
from kwspipe.sweep.results import NAMES, Job
from kwspipe.sweep.table import TITLES, caption, figure_names, format_estimate, outcome

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
body { color: #222; background: #fff; }
table { border-collapse: collapse; margin: 1rem 0; } caption { text-align: left; color: #555; caption-side: bottom; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid #ddd; text-align: right; } th { background: #f4f4f4; }
td.text, th.text { text-align: left; } tr.best { background: #e4f5e4; font-weight: 600; }
.scroll { overflow-x: auto; } .failed { color: #a00; min-width: 20rem; }
.parallel { width: 100%; } .parallel line { stroke: #444; }
.parallel polyline { fill: none; stroke-width: 2; opacity: .75; }
.parallel polyline:hover { stroke-width: 5; opacity: 1; }
.parallel text { font-size: 11px; fill: #222; stroke: #fff; stroke-width: 3px; paint-order: stroke; }
.parallel text.title { font-size: 12px; font-weight: 600; }
@media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd; } th { background: #262626; }
  th, td { border-color: #333; } tr.best { background: #16371a; } caption { color: #aaa; } .failed { color: #f88; }
  .parallel line { stroke: #aaa; } .parallel text { fill: #ddd; stroke: #181818; } }
"""


def write_page(name: str, jobs: Sequence[Job], path: Path) -> None:
    """Writes a page with the table of the groups, the parallel coordinates plot and the table of the jobs."""
    groups = groups_of(jobs)
    body = [
        f"<h1>Sweep {html.escape(name)}</h1>",
        _groups_table(groups),
        f'<div class="scroll">{parallel_coordinates.svg(jobs)}</div>',
        "<h2>Jobs</h2>",
        _jobs_table(jobs),
    ]
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Sweep {html.escape(name)}</title><style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(page, encoding="utf-8")
    temporary.replace(path)


def _groups_table(groups: Sequence[Group]) -> str:
    keys = list(groups[0].overrides) if groups else []
    names = figure_names(groups)
    rows = []
    for group in groups:
        texts = [_cell(value, "text") for value in group.overrides.values()]
        counts = [_cell(f"{group.num_done}/{len(group.jobs)}")]
        figures = [_cell(format_estimate(name, group.estimates.get(name))) for name in names]
        rows.append(_row([*texts, *counts, *figures], "best" if group.best else ""))
    head = [*(_head(key, "text") for key in keys), _head("jobs"), *(_head(TITLES[name]) for name in names)]
    return _table(head, rows, caption(groups))


def _jobs_table(jobs: Sequence[Job]) -> str:
    keys = varied_keys(jobs)
    rows = []
    for job in jobs:
        record = job.record
        texts = [_cell(record.overrides.get(key, ""), "text") for key in keys]
        figures = [_cell(_number(job.figures[name])) for name in NAMES]
        done = record.status == "done"
        last = [_cell(f"{record.seconds:.0f}"), _cell(outcome(job), "text" if done else "text failed")]
        rows.append(_row([_cell(job.folder.name, "text"), *texts, *figures, *last]))
    head = [_head("folder", "text"), *(_head(key, "text") for key in keys)]
    head += [*(_head(TITLES[name]) for name in NAMES), _head("seconds"), _head("outcome", "text")]
    return _table(head, rows, "")


def _number(figure: float | None) -> str:
    return "" if figure is None else f"{figure:.4f}" if figure < 10 else f"{figure:,.0f}"


def _cell(text: str, kind: str = "") -> str:
    return f'<td class="{kind}">{html.escape(text)}</td>'


def _head(text: str, kind: str = "") -> str:
    return f'<th class="{kind}">{html.escape(text)}</th>'


def _row(cells: Sequence[str], kind: str = "") -> str:
    return f'<tr class="{kind}">{"".join(cells)}</tr>'


def _table(head: Sequence[str], rows: Sequence[str], caption: str) -> str:
    return (
        f'<div class="scroll"><table><caption>{html.escape(caption)}</caption><thead>{_row(head)}</thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )
