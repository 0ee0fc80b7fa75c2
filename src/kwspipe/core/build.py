"""Build script of the extension module ``kwspipe._core``, the C core of firmware/core/ (cffi, API mode).

cffi reads the declarations from the headers of the core, between the comment lines ``python:begin`` and ``python:end``.
Therefore no declaration exists twice.
"""

import re
import sys
from pathlib import Path

from cffi import FFI

CORE = Path(__file__).resolve().parents[3] / "firmware" / "core"
SHARED_PART = re.compile(r"/\* python:begin \*/(.*?)/\* python:end \*/", re.DOTALL)


def include_order(headers: list[Path]) -> list[Path]:
    """Returns the headers in an order in which each one follows the headers it includes."""
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
    """Returns the cffi builder for all headers and sources of the core."""
    headers = [h for h in include_order(sorted(CORE.rglob("*.h"))) if SHARED_PART.search(h.read_text())]
    builder = FFI()
    for header in headers:
        # API-mode bindings release the GIL during every call.
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
