"""Rendering of a template to one self-contained HTML file."""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from kwspipe.files.hashing import text_hash
from kwspipe.metrics.palette import base_style
from kwspipe.report import formatting
from kwspipe.runs.artifacts import sync

TEMPLATES = Path(__file__).parent / "templates"
FILTERS = (
    formatting.percent,
    formatting.percent_number,
    formatting.percent_interval,
    formatting.thousands,
    formatting.kilobytes,
    formatting.duration,
    formatting.decibels,
)


def render(template: str, **values: Any) -> str:
    """Returns a page. All values are escaped except charts, which are markup.

    Args:
        template: file name in ``templates/``.
        values: values by the names that the template uses; a missing name raises jinja2.UndefinedError.
    """
    style, script = ((TEMPLATES / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    style = base_style() + style
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    # The browser fetches nothing and runs no other script, independent of the content of labels and paths.
    policy = (
        "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    common = {"style": Markup(style), "script": Markup(script), "policy": policy}
    return _environment().get_template(template).render(**common, **values)


def write(path: Path, page: str) -> None:
    """Writes a page atomically."""
    temporary = path.with_name(f".{path.name}.tmp")
    # prepare replaces file names that are not valid Unicode. Remaining surrogates are written as \udcNN.
    temporary.write_text(page, encoding="utf-8", errors="backslashreplace")
    sync(temporary)
    temporary.replace(path)


@cache
def templates_hash() -> str:
    """Returns the SHA-256 of the templates, the style sheet and the script."""
    files = sorted(path for path in TEMPLATES.iterdir() if path.is_file())
    contents = [f"{path.name}\n{path.read_text(encoding='utf-8')}" for path in files]
    return text_hash("".join([base_style(), *contents]))


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({function.__name__: function for function in FILTERS})
    return environment
