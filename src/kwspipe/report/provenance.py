"""Where everything came from: stages and their hashes, versions, licences."""

import importlib.metadata
import re
from typing import Any

from omegaconf import OmegaConf

from kwspipe import __version__
from kwspipe.exchange import licences
from kwspipe.report.facts import RunFacts


def stages(facts: RunFacts) -> list[dict[str, Any]]:
    """Returns what each stage read and left: ``name``, ``inputs``, ``outputs``, ``code``."""
    return [
        {
            "name": name,
            "inputs": manifest["inputs"],
            "outputs": manifest["outputs"],
            "code": manifest.get("code", ""),
        }
        for name, manifest in facts.manifests.items()
    ]


def origins(facts: RunFacts) -> list[tuple[str, str]]:
    """Returns what the model was made from, with licences: (part, words)."""
    rows = []
    if facts.summary:
        source = facts.summary.get("source_used", "")
        rows.append(("Recordings", f"{source}: {licences.source_licence(source)}"))
    if facts.transfer and facts.transfer.get("checkpoint"):
        rows.append(("Checkpoint", licences.describe_checkpoint(facts.transfer["checkpoint"])))
    return rows


def packages() -> list[tuple[str, str, str]]:
    """Returns name, version and licence of kwspipe and of the installed packages it declares."""
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
            about = importlib.metadata.metadata(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # of another Python version
        rows.append((name, about["Version"], _licence(about)))
    return rows


def _licence(about: Any) -> str:
    """The licence a package's metadata names: an SPDX expression, a classifier, or the first line of free text."""
    if about["License-Expression"]:
        return str(about["License-Expression"])
    classifiers = [text for text in about.get_all("Classifier") or [] if text.startswith("License :: ")]
    if classifiers:
        return ", ".join(text.rsplit(" :: ", 1)[-1] for text in classifiers)
    text = (about["License"] or "").strip().splitlines()
    return text[0][:60] if text else "not named"


def configuration(facts: RunFacts) -> str:
    """Returns the configuration as YAML."""
    return OmegaConf.to_yaml(OmegaConf.create(facts.config)) if facts.config else ""
