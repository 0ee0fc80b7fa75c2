"""Prints the firmware version of a board: the package version and a hash of all source files."""

import hashlib
import re
import sys
from pathlib import Path

FIRMWARE = Path(__file__).resolve().parent


def source_version(board: str) -> str:
    """Returns the version, for example ``0.1.0-3f8a52c1d07e``. Equal sources give equal text on every machine."""
    digest = hashlib.sha256()
    for folder in ("core", "app", f"boards/{board}"):
        for path in sorted((FIRMWARE / folder).rglob("*")):
            if path.suffix in {".c", ".h", ".S", ".ld", ".mk"}:
                content = path.read_bytes().replace(b"\r\n", b"\n")
                name = path.relative_to(FIRMWARE).as_posix()
                digest.update(f"{name} {len(content)}\n".encode() + content)
    package = (FIRMWARE.parent / "src" / "kwspipe" / "__init__.py").read_text()
    version = re.search(r'__version__ = "([^"]+)"', package)
    return f"{version[1] if version else 'unknown'}-{digest.hexdigest()[:12]}"


if __name__ == "__main__":
    print(source_version(sys.argv[1]))
