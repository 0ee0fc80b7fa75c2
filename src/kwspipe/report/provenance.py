"""Provenance of a run: stages with their hashes, data sources, package versions, licences."""

import importlib.metadata
import re
from typing import Any

from omegaconf import OmegaConf

from kwspipe import __version__
from kwspipe.exchange import licences
from kwspipe.report.run_contents import RunContents


def stages(run: RunContents) -> list[dict[str, Any]]:
    """Returns name, inputs, outputs and code hash of each stage."""
    return [
        {
            "name": name,
            "inputs": manifest["inputs"],
            "outputs": manifest["outputs"],
            "code": manifest.get("code", ""),
        }
        for name, manifest in run.manifests.items()
    ]


def origins(run: RunContents) -> list[tuple[str, str]]:
    """Returns (part, description with licence) for the recordings and the checkpoint of the model."""
    rows = []
    if run.summary:
        source = run.summary.get("source_used", "")
        rows.append(("Recordings", f"{source}: {licences.source_licence(source)}"))
    if run.transfer and run.transfer.get("checkpoint"):
        rows.append(("Checkpoint", licences.describe_checkpoint(run.transfer["checkpoint"])))
    return rows


def packages() -> list[tuple[str, str, str]]:
    """Returns name, version and licence of kwspipe and of its installed dependencies."""
    rows = [("kwspipe", __version__, "Apache-2.0")]
    try:
        required = importlib.metadata.requires("kwspipe") or []
    except importlib.metadata.PackageNotFoundError:
        return rows
    names = sorted(
        {re.split(r"[^A-Za-z0-9._-]", text, maxsplit=1)[0] for text in required if "extra ==" not in text}
    )
    for name in names:
        try:
            metadata = importlib.metadata.metadata(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # a dependency of other Python versions
        rows.append((name, metadata["Version"], _licence(metadata)))
    return rows


def _licence(metadata: Any) -> str:
    """Returns the licence of a package: SPDX expression, classifiers, or the first line of the free text."""
    if metadata["License-Expression"]:
        return str(metadata["License-Expression"])
    classifiers = [text for text in metadata.get_all("Classifier") or [] if text.startswith("License :: ")]
    if classifiers:
        return ", ".join(text.rsplit(" :: ", 1)[-1] for text in classifiers)
    text = (metadata["License"] or "").strip().splitlines()
    return text[0][:60] if text else "not stated"


def configuration(run: RunContents) -> str:
    """Returns the configuration of the run as YAML."""
    return OmegaConf.to_yaml(OmegaConf.create(run.config)) if run.config else ""
