"""From a template and its values to one HTML file that needs nothing else."""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from kwspipe.files.hashing import text_hash
from kwspipe.report import figures
from kwspipe.runs.artifacts import sync

TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, **values: Any) -> str:
    """Returns a page; every value is escaped but the charts, which are markup already.

    Args:
        template: its file, in ``templates/``.
        values: what it names; one that it names and does not get is a fault.
    """
    style, script = ((TEMPLATES / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    # Nothing is fetched, and no script but ours runs, whatever a label or a path may hold.
    policy = (
        "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    ours = {"style": Markup(style), "script": Markup(script), "policy": policy}
    return _environment().get_template(template).render(**ours, **values)


def write(path: Path, page: str) -> None:
    """Writes a page that appears whole or not at all."""
    temporary = path.with_name(f".{path.name}.tmp")
    # Names of files that are no Unicode have been made printable; what slipped through is shown as \udcNN.
    temporary.write_text(page, encoding="utf-8", errors="backslashreplace")
    sync(temporary)
    temporary.replace(path)


@cache
def templates_hash() -> str:
    """Returns the sha256 of the templates, with style and script."""
    files = sorted(path for path in TEMPLATES.iterdir() if path.is_file())
    return text_hash("".join(f"{path.name}\n{path.read_text(encoding='utf-8')}" for path in files))


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown = (figures.percent, figures.thousands, figures.kilobytes, figures.duration, figures.decibels)
    for function in (*shown, figures.bare, figures.between, figures.interval):
        environment.filters[function.__name__] = function
    return environment
