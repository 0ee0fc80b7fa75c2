"""What a checkpoint was trained to see: the front end's settings that come with it, beside those of the configuration.

The same network on other features knows next to nothing, and no shape tells: 59 x 49 are 59 x 49.
"""

import json
import math
import zipfile
from pathlib import Path
from typing import Any

from kwspipe.config import FrontendConfig
from kwspipe.errors import KwspipeError

BESIDE = "frontend.json"  # beside the bundled checkpoints
MANIFEST = "manifest.json"  # beside the weights of a run
# What a setting means nothing without.
SWITCHES = {
    "noise_reduction_": "noise_reduction_enable",
    "pcan_": "pcan_enable",
    "log_scale_": "log_scale_enable",
    "dc_notch_filter_": "dc_notch_filter_enable",
    "quantize_dynamic_scale_": "quantize_dynamic_scale_enable",
}


def differences(path: Path | None, frontend: FrontendConfig) -> dict[str, tuple[Any, Any]]:
    """Returns the settings in which a checkpoint's features differ from the configuration's, each with both values.

    Args:
        path: the checkpoint; None where training starts from scratch.
        frontend: of the configuration.

    Returns:
        (the checkpoint's, the configuration's) by name; nothing where the checkpoint does not say what it saw.
    """
    seen = _settings(path) if path else None
    if seen is None:
        return {}
    here = vars(frontend)
    return {
        name: (seen[name], value)
        for name, value in here.items()
        if name in seen and not _alike(seen[name], value) and _matters(name, seen, here)
    }


def _settings(path: Path) -> dict[str, Any] | None:
    try:
        if (path.parent / BESIDE).is_file():
            return dict(_json(path.parent / BESIDE))
        if (path.parent / MANIFEST).is_file():
            return dict(_json(path.parent / MANIFEST)["config"]["frontend"])
        if zipfile.is_zipfile(path):
            from kwspipe.foreign import read_model  # here, or every start would be slower for it

            frontend = read_model(path, None).frontend
            return dict(vars(frontend)) if frontend else None
    except (OSError, ValueError, KeyError, TypeError, KwspipeError):
        pass  # weights can be used without; whoever wrote the file may not have been kwspipe
    return None


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, float) or isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-6)  # a .tflite holds them as float32
    return bool(one == other)


def _matters(name: str, seen: dict[str, Any], here: dict[str, Any]) -> bool:
    """Tells whether a setting has an effect in one of both: the strength of what both leave out has none."""
    switch = next((switch for prefix, switch in SWITCHES.items() if name.startswith(prefix)), None)
    return switch is None or bool(seen.get(switch) or here[switch])
