"""Where everything came from: stages and their hashes, versions, licences."""

import importlib.metadata
import re
from typing import Any

from omegaconf import OmegaConf

from kwspipe import __version__
from kwspipe.report.facts import RunFacts

# Licences of what a model may be made of. Packages name theirs themselves.
SOURCES = {
    "speech_commands": "Google Speech Commands v0.02 by Pete Warden, CC BY 4.0",
    "mswc": "Multilingual Spoken Words Corpus by Mazumder et al. (voices of Common Voice), CC BY 4.0",
    "synthetic": "synthesized by espeak-ng (GPL-3.0; its licence does not extend to the speech) or Kokoro (Apache-2.0)",
    "folder": "your own recordings: the rights in them are yours to know",
}
CHECKPOINTS = {
    "bundled": "the one that comes with kwspipe (Apache-2.0; made from CC BY and CC BY-SA recordings, see its card)",
    "url": "downloaded: Silicon Labs' archive is under the zlib licence",
    "path": "a checkpoint of your own",
}


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
        rows.append(("Recordings", SOURCES.get(source, source)))
    source = facts.config.get("transfer", {}).get("source", "none")
    if source in CHECKPOINTS and facts.transfer and facts.transfer.get("checkpoint"):
        rows.append(("Checkpoint", f"{facts.transfer['checkpoint']}: {CHECKPOINTS[source]}"))
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
