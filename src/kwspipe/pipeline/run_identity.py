"""Identity of the experiment in a run directory: the labels, recordings, features and network of its results.

A run directory contains one experiment. If one of these parts changes, the stages do not replace the results without
``force``. All other settings (training, quantization, detector, streams, board, report, amounts of clips) continue the
same experiment: the stages that read them run again.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from kwspipe import stages
from kwspipe.config import PipelineConfig
from kwspipe.config.parse import to_mapping
from kwspipe.dataset.sources.source_factory import available_source
from kwspipe.errors import KwspipeError
from kwspipe.runs.artifacts import outputs_hash, read_manifest

GROUPS = ("dataset", "frontend", "model", "import")
# Labels of the data set, and the division of the speakers among the splits.
DATASET_KEYS = (
    "words", "unknown_words", "fold", "training_only_speakers", "validation_fraction", "testing_fraction",
)  # fmt: skip
# A class exists or does not exist; its number of clips is not part of the identity.
CLASS_RATIOS = ("unknown_class_percentage", "silence_class_ratio")
# Settings that determine the recordings, by source. A change of the files in a folder continues the experiment.
SOURCE_KEYS = {"folder": ("root",), "mswc": ("mswc",), "synthetic": ("synthetic",)}
# Settings of these groups that change neither the recordings nor the layers of the network.
NOT_IDENTITY = frozenset({"cache_dir", "download", "audio_urls", "splits_urls", "batch_norm_momentum"})
SOURCE = "dataset"  # its values are choices of this group
MAX_SHOWN = 5


def check_experiment(
    config: PipelineConfig, chosen: Sequence[str], run_dir: Path, given: Collection[str] = ()
) -> None:
    """Checks that the run directory contains no results of another experiment.

    ``force`` permits to replace results: ``force=true``, or a list that contains the first stage that differs.

    Args:
        config: the experiment.
        chosen: stages to run.
        run_dir: the run directory, which may not exist.
        given: keys and groups that the command line sets.

    Raises:
        KwspipeError: the run directory contains results of other labels, recordings, features, or another network.
    """
    differences = _differences(config, chosen, run_dir, given)
    if not differences:
        return
    first = next(iter(differences))
    if first in chosen and (config.force is True or (config.force and first in config.force)):
        return
    texts = list(dict.fromkeys(text for of_stage in differences.values() for text in of_stage))
    more = f"; and {len(texts) - MAX_SHOWN} more" if len(texts) > MAX_SHOWN else ""
    remedy = "set another name (name=...), or replace the results of this folder with force=true"
    if first not in chosen:
        remedy = (
            f"repeat the settings of the run, or set another name (name=...), or add {first} to `stages` with "
            f"force=true; import.path={config.run_dir} dataset.root=... evaluates its model on other recordings"
        )
    raise KwspipeError(
        config.run_dir,
        f"it contains results of another experiment ({'; '.join(texts[:MAX_SHOWN])}{more})",
        "one data set, front end and network per run directory",
        remedy,
    )


def _differences(
    config: PipelineConfig, chosen: Sequence[str], run_dir: Path, given: Collection[str]
) -> dict[str, list[str]]:
    """Returns ``key: old -> new`` by stage, in the order of the stages. Stages without a difference are left out."""
    whole = to_mapping(config)
    read = {group for name in chosen for group in stages.load(name).reads}
    used = _source_of(run_dir)
    source = _source_to_use(config, chosen, used, given)
    found: dict[str, list[str]] = {}
    for name in _involved(chosen):
        stage = stages.load(name)
        manifest = read_manifest(run_dir / stage.folder)
        if manifest is None or _is_superseded(manifest, stage, run_dir):
            continue
        recorded = manifest.get("config", {})
        if stage.folder == "quantize":  # written by quantize or by import
            recorded = {"import": {"path": None}} | recorded
        before, after = (
            _identity(recorded, used),
            _identity({g: whole[g] for g in recorded if g in whole}, source),
        )
        texts = [
            f"{key}: {before[key][1]} -> {after[key][1]}"
            for key in before
            if key in after
            and before[key][0] != after[key][0]
            and (name in chosen or key.partition(".")[0] in read or _is_given(key, given))
        ]
        if texts:
            found[name] = texts
    return found


def _involved(chosen: Sequence[str]) -> list[str]:
    """Returns the chosen stages and those whose artifacts they read, in the order of the pipeline."""
    found: list[str] = []

    def add(name: str) -> None:
        for needed in stages.load(name).needs:
            if not (needed in ("train", "quantize") and "import" in chosen):
                add(needed)
        if name not in found:
            found.append(name)

    for name in chosen:
        add(name)
    return found


def _is_superseded(manifest: Mapping[str, Any], stage: stages.Stage, run_dir: Path) -> bool:
    """Returns whether a stage before this one has been replaced since, so that this result is out of date anyway."""
    for needed, digest in manifest.get("inputs", {}).items():
        present = read_manifest(run_dir / needed) if needed in stage.needs else None
        if needed in stage.needs and (present is None or digest != outputs_hash(present)):
            return True
    return False


def _identity(values: Mapping[str, Any], source: str | None) -> dict[str, tuple[Any, str]]:
    """Returns the parts of the identity by dotted key, each as a value for comparison and as text."""
    entries: dict[str, tuple[Any, str]] = {}
    for group in GROUPS:
        part = values.get(group)
        if not isinstance(part, Mapping):
            continue
        if group != "dataset":
            keys = part if group != "import" else ("path", "labels")
            _add(entries, {key: part[key] for key in keys if key in part}, group)
            continue
        _add(entries, {key: part[key] for key in DATASET_KEYS if key in part}, group)
        for key in CLASS_RATIOS:
            if key in part:
                entries[f"dataset.{key}"] = (part[key] > 0, f"{part[key]:g}")
        if source is not None:
            entries[SOURCE] = (source, f"folder {part['root']}" if source == "folder" else source)
            _add(entries, {key: part[key] for key in SOURCE_KEYS.get(source, ()) if key in part}, group)
    return entries


def _add(entries: dict[str, tuple[Any, str]], values: Mapping[str, Any], path: str) -> None:
    for key, value in values.items():
        where = f"{path}.{key}"
        if key in NOT_IDENTITY:
            continue
        if isinstance(value, Mapping):
            _add(entries, value, where)
        elif where in ("dataset.root", "import.path") and value is not None:
            entries[where] = (str(Path(value).expanduser().resolve()), value)
        else:
            entries[where] = (
                value,
                f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value),
            )


def _is_given(key: str, given: Collection[str]) -> bool:
    if key == SOURCE:
        return bool({SOURCE, "dataset.root"} & set(given))
    return any(key == one or key.startswith(f"{one}.") for one in given)


def _source_of(run_dir: Path) -> str | None:
    """Returns the source of the prepared recordings."""
    try:
        source: str | None = json.loads((run_dir / "prepare" / "summary.json").read_text()).get("source_used")
        return source
    except (OSError, ValueError):
        return None


def _source_to_use(
    config: PipelineConfig, chosen: Sequence[str], used: str | None, given: Collection[str]
) -> str | None:
    """Returns the source that prepare would use. If prepare does not run, the recordings need not be present."""
    if "prepare" in chosen:
        with suppress(KwspipeError):  # the check of prepare reports it
            return available_source(config.dataset, config.frontend, config.seed).name
        return None
    sources = config.dataset.sources
    if "dataset.root" in given and "folder" in sources:
        return "folder"
    return used if used in sources else sources[0]
