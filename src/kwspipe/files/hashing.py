"""SHA-256 of texts and files as hexadecimal strings."""

import hashlib
from pathlib import Path


def text_hash(text: str) -> str:
    """Returns the SHA-256 of a text encoded as UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def file_hash(path: Path) -> str:
    """Returns the SHA-256 of the content of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
