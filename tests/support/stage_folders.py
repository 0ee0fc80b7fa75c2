"""Small committed stage folders."""

from pathlib import Path

from kwspipe.runs.artifacts import Fingerprint
from kwspipe.runs.stage_folder import stage_folder

FINGERPRINT = Fingerprint({"train": {"epochs": 3}}, {"prepare": "abc"}, "code1")


def finish(target: Path, fingerprint: Fingerprint = FINGERPRINT, text: str = "weights") -> None:
    """Commits a stage folder with one file."""
    with stage_folder(target, fingerprint) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "file").write_text(text)
