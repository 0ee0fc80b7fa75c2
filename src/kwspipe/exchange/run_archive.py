"""The archive of a run, ``<name>.kwspipe.zip``: everything that belongs to one model, to hand on.

Members lie as in the run directory, with a card, the configuration and ``archive.json`` (format, name, sha256 of each
member) at the top. The same run gives the same bytes.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from kwspipe import __version__
from kwspipe.errors import KwspipeError
from kwspipe.files.zip_archive import read_members
from kwspipe.runs.artifacts import outputs_hash, read_manifest, sync

SUFFIX = ".kwspipe.zip"
FORMAT = 1
INDEX, CARD, CONFIG = "archive.json", "model_card.md", "config.yaml"
MAX_ARCHIVE_BYTES = 512 * 1024 * 1024
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can hold
_LEVEL = 9

# By stage, in the order they are looked at: which of its files belong to the model.
_FILES: Mapping[str, tuple[str, ...]] = {
    "quantize": (
        "model.tflite", "float.tflite", "model.kws", "labels.txt", "golden.npz",
        "summary.txt", "summary.json", "profile.csv",
    ),
    "train": ("model.weights.h5", "classes.json", "history.csv", "transfer.json"),
    "evaluate": ("*.json", "*.csv", "*.png"),
    "prepare": ("summary.json",),
    "deploy": ("*.json",),
}  # fmt: skip


def write(run_dir: Path, name: str) -> Path | None:
    """Writes the archive of a run, and its card beside it.

    Args:
        run_dir: the run directory.
        name: of the archive, without its suffix.

    Returns:
        The archive; None where there is no model yet.
    """
    members = collect_members(run_dir)
    if not members:
        return None
    members = dict(sorted(members.items()))
    from kwspipe.exchange.model_card import render  # reading archives, as every command may, needs no card

    members[CARD] = render(members).encode()
    index = {
        "format": FORMAT,
        "kwspipe": __version__,
        "name": name,
        "files": {member: hashlib.sha256(data).hexdigest() for member, data in sorted(members.items())},
    }
    members[INDEX] = (json.dumps(index, indent=2) + "\n").encode()
    path = run_dir / f"{name}{SUFFIX}"
    _replace(path, _zipped(members))
    _replace(run_dir / CARD, members[CARD])
    return path


def collect_members(run_dir: Path) -> dict[str, bytes]:
    """Returns what belongs to a run's model, by the name of the member; nothing where there is no model.

    Only what was made from the files that are there now: an evaluation of an earlier model is left out.
    """
    manifests = {stage: read_manifest(run_dir / stage) for stage in _FILES}
    chosen = _of_one_model({stage: manifest for stage, manifest in manifests.items() if manifest})
    members: dict[str, bytes] = {}
    config: dict[str, Any] = {}
    for stage, manifest in chosen.items():
        files = _read(run_dir / stage, stage, manifest["outputs"])
        if files is None:
            if stage == "quantize":
                return {}
            continue
        members |= files
        config |= manifest["config"]
    if members:
        members[CONFIG] = yaml.safe_dump(config, sort_keys=True, allow_unicode=True).encode()
    return members


def read(path: Path) -> dict[str, bytes]:
    """Returns the members of an archive by name.

    Raises:
        KwspipeError: no such archive, a damaged, a hostile or a newer one.
    """
    if not path.is_file():
        raise KwspipeError(str(path), "there is no such file", f"an archive *{SUFFIX}", "correct the path")
    members = read_members(path, _all, MAX_ARCHIVE_BYTES)
    try:
        index = json.loads(members.pop(INDEX))
        number, hashes = int(index["format"]), dict(index["files"])
    except (KeyError, ValueError, TypeError):
        raise KwspipeError(
            str(path), f"it has no {INDEX} that can be read", f"an archive *{SUFFIX}", "correct the path"
        ) from None
    if number > FORMAT:
        raise KwspipeError(
            str(path), f"format {number}", f"format {FORMAT}", "use the release of kwspipe that wrote it"
        )
    for name in sorted({*hashes, *members}):
        if name not in members or hashlib.sha256(members[name]).hexdigest() != hashes.get(name):
            received = "a member that is missing, or that is not what the archive's index says"
            raise KwspipeError(f"{path}: {name}", received, "a whole archive", "get it again from its maker")
    return members


def read_run(path: Path) -> dict[str, bytes]:
    """Returns the same of an archive or of a run directory."""
    return collect_members(path) if path.is_dir() else read(path)


def find_run(text: str, beside: Path, key: str = "compare.runs") -> Path:
    """Returns the path of a run given by its name or its path.

    Args:
        text: as the configuration has it.
        beside: the folder of runs that names are looked up in.
        key: of the configuration, for the message.

    Raises:
        KwspipeError: neither is there.
    """
    path = Path(text).expanduser()
    for candidate in (path, beside / text):
        if candidate.exists():
            return candidate
    found = sorted(entry.parent.name for entry in beside.glob("*/quantize")) if beside.is_dir() else []
    raise KwspipeError(
        key,
        f"{text!r} is neither a path nor a run in {beside}",
        f"a run directory, a *{SUFFIX}, or one of: {', '.join(found) or 'none yet'}",
        "correct it",
    )


def _all(names: Sequence[str]) -> Sequence[str]:
    return names


def _of_one_model(manifests: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Keeps the stages that the model was made by, or that were made from it, or from what these have."""
    if "quantize" not in manifests:
        return {}
    hashes = {stage: outputs_hash(manifest) for stage, manifest in manifests.items()}
    kept = {"quantize": manifests["quantize"]}
    for stage in _FILES:
        inputs = manifests[stage]["inputs"] if stage in manifests else {}
        made_from_it = inputs.get("quantize") == hashes["quantize"]
        made_by_it = any(other["inputs"].get(stage) == hashes.get(stage, "") for other in kept.values())
        if stage in manifests and (made_from_it or made_by_it):
            kept[stage] = manifests[stage]
    return kept


def _read(folder: Path, stage: str, outputs: Mapping[str, str]) -> dict[str, bytes] | None:
    """Returns a stage's files by the name of the member; None where one is not what the stage left."""
    members = {}
    for name, sha256 in outputs.items():
        if any(PurePosixPath(name).match(pattern) and "/" not in name for pattern in _FILES[stage]):
            path = folder / name
            data = path.read_bytes() if path.is_file() else b""
            if hashlib.sha256(data).hexdigest() != sha256:
                return None
            members[f"{stage}/{name}"] = data
    return members


def _zipped(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        for name in (CARD, INDEX, *sorted(set(members) - {CARD, INDEX})):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system, info.external_attr = 3, 0o644 << 16
            archive.writestr(info, members[name], compresslevel=_LEVEL)
    return buffer.getvalue()


def _replace(path: Path, data: bytes) -> None:
    """Writes a file that appears whole or not at all; leaves one alone that has these bytes already."""
    if path.is_file() and path.read_bytes() == data:
        return
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(data)
    sync(temporary)
    temporary.replace(path)
