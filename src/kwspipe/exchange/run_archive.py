"""Archive of a run, ``<name>.kwspipe.zip``, with all files of one model.

Members have the same paths as in the run directory. The top level also contains the model card, the configuration and
``archive.json`` with the format, the name and the SHA-256 of each member. The same run gives the same bytes.
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
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date of the zip format
_LEVEL = 9

# Patterns of the files that belong to the model, by stage. The order is that of the search in `_stages_of_model`.
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
    """Writes the archive and the model card of a run into the run directory.

    Args:
        run_dir: the run directory.
        name: name of the archive, without its suffix.

    Returns:
        The path of the archive; None if the run has no model yet.
    """
    members = collect_members(run_dir)
    if not members:
        return None
    members = dict(sorted(members.items()))
    from kwspipe.exchange.model_card import render  # only writing requires these imports

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
    """Returns the files of the model of a run by member name; an empty mapping if the run has no model.

    Files of another model are excluded, for example the evaluation of an earlier model.
    """
    manifests = {stage: read_manifest(run_dir / stage) for stage in _FILES}
    stages = _stages_of_model({stage: manifest for stage, manifest in manifests.items() if manifest})
    members: dict[str, bytes] = {}
    config: dict[str, Any] = {}
    for stage, manifest in stages.items():
        files = _read_stage(run_dir / stage, stage, manifest["outputs"])
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
        KwspipeError: the archive does not exist, is damaged or hostile, or has a newer format.
    """
    if not path.is_file():
        raise KwspipeError(str(path), "there is no such file", f"an archive *{SUFFIX}", "correct the path")
    members = read_members(path, _all, MAX_ARCHIVE_BYTES)
    try:
        index = json.loads(members.pop(INDEX))
        archive_format, hashes = int(index["format"]), dict(index["files"])
    except (KeyError, ValueError, TypeError):
        raise KwspipeError(
            str(path), f"it has no valid {INDEX}", f"an archive *{SUFFIX}", "correct the path"
        ) from None
    if archive_format > FORMAT:
        raise KwspipeError(
            str(path),
            f"format {archive_format}",
            f"format {FORMAT}",
            "use the release of kwspipe that wrote it",
        )
    for name in sorted({*hashes, *members}):
        if name not in members or hashlib.sha256(members[name]).hexdigest() != hashes.get(name):
            received = "a member that is missing or differs from the index of the archive"
            raise KwspipeError(
                f"{path}: {name}", received, "a complete archive", "get it from its publisher again"
            )
    return members


def read_run(path: Path) -> dict[str, bytes]:
    """Returns the files of a model by member name, from an archive or a run directory."""
    return collect_members(path) if path.is_dir() else read(path)


def find_run(name_or_path: str, runs_folder: Path) -> Path:
    """Returns the path of a run that is given by name or by path.

    Args:
        name_or_path: the value in the configuration.
        runs_folder: the folder in which names are searched.

    Raises:
        KwspipeError: there is no such path and no run of this name.
    """
    path = Path(name_or_path).expanduser()
    for candidate in (path, runs_folder / name_or_path):
        if candidate.exists():
            return candidate
    runs = (
        sorted(entry.parent.name for entry in runs_folder.glob("*/quantize")) if runs_folder.is_dir() else []
    )
    raise KwspipeError(
        "compare.runs",
        f"{name_or_path!r} is neither a path nor a run in {runs_folder}",
        f"a run directory, a *{SUFFIX}, or one of: {', '.join(runs) or 'none yet'}",
        "correct the path or the name",
    )


def _all(names: Sequence[str]) -> Sequence[str]:
    return names


def _stages_of_model(manifests: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Returns the manifests of the stages that belong to the quantized model.

    A stage belongs to it if it reads the model, or if a stage that belongs to it reads the outputs of this stage.
    """
    if "quantize" not in manifests:
        return {}
    hashes = {stage: outputs_hash(manifest) for stage, manifest in manifests.items()}
    selected = {"quantize": manifests["quantize"]}
    for stage in _FILES:
        inputs = manifests[stage]["inputs"] if stage in manifests else {}
        reads_model = inputs.get("quantize") == hashes["quantize"]
        is_read = any(other["inputs"].get(stage) == hashes.get(stage, "") for other in selected.values())
        if stage in manifests and (reads_model or is_read):
            selected[stage] = manifests[stage]
    return selected


def _read_stage(folder: Path, stage: str, outputs: Mapping[str, str]) -> dict[str, bytes] | None:
    """Returns the files of a stage by member name; None if a file differs from the manifest."""
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
    """Writes a file atomically, unless it has the same content already."""
    if path.is_file() and path.read_bytes() == data:
        return
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(data)
    sync(temporary)
    temporary.replace(path)
