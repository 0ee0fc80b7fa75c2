"""Builds the C core of firmware/core/ as the extension module ``kwspipe._core`` (cffi, API mode).

The declarations cffi needs are the parts of the core's own headers between the comment lines
``python:begin`` and ``python:end``, so that nothing is declared twice.
"""

import re
import sys
from pathlib import Path

from cffi import FFI

CORE = Path(__file__).resolve().parents[3] / "firmware" / "core"
SHARED_PART = re.compile(r"/\* python:begin \*/(.*?)/\* python:end \*/", re.DOTALL)


def include_order(headers: list[Path]) -> list[Path]:
    """Orders headers so that each comes after those it includes."""
    ordered: list[Path] = []

    def visit(header: Path) -> None:
        if header in ordered:
            return
        for name in re.findall(r'#include "([\w/]+\.h)"', header.read_text()):
            visit(CORE / name)
        ordered.append(header)

    for header in headers:
        visit(header)
    return ordered


def make_builder() -> FFI:
    """Returns the cffi builder for every header and source of the core."""
    headers = [h for h in include_order(sorted(CORE.rglob("*.h"))) if SHARED_PART.search(h.read_text())]
    builder = FFI()
    for header in headers:
        # The GIL is released around every call of an API-mode binding.
        builder.cdef("\n".join(SHARED_PART.findall(header.read_text())))
    optimise = ["/O2"] if sys.platform == "win32" else ["-O3", "-std=c11"]
    root = CORE.parents[1]
    builder.set_source(
        "kwspipe._core",
        "\n".join(f'#include "{header.relative_to(CORE).as_posix()}"' for header in headers),
        sources=[str(source.relative_to(root)) for source in sorted(CORE.rglob("*.c"))],
        include_dirs=[str(CORE.relative_to(root))],
        depends=[str(header.relative_to(root)) for header in sorted(CORE.rglob("*.h"))],
        extra_compile_args=optimise,
    )
    return builder


ffibuilder = make_builder()
