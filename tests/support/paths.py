"""Folders of the repository that tests read."""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
TESTS = REPOSITORY / "tests"
PROGRAMS = TESTS / "programs"
FIRMWARE = REPOSITORY / "firmware"
SCRIPTS = REPOSITORY / "scripts"
CONF = REPOSITORY / "conf"
