"""Location of the checkpoint that the configuration names."""

from pathlib import Path

from kwspipe.config import TransferConfig
from kwspipe.errors import KwspipeError
from kwspipe.files.hashing import file_hash
from kwspipe.transfer.checkpoint import RUN_CHECKPOINT, read_checkpoint

BUNDLED = Path(__file__).resolve().parent / "bundled"
WEIGHTS_SUFFIX = ".weights.h5"


def locate(config: TransferConfig, model_name: str) -> Path | None:
    """Returns the path of the checkpoint, after its download if necessary; None for training from scratch.

    Raises:
        KwspipeError: no checkpoint is bundled for the model, or the download failed.
    """
    path = local_path(config, model_name)
    if path is not None and config.source == "url" and config.path is None:
        from kwspipe.files.download import fetch

        return fetch(config.url, path, config.sha256)
    return path


def local_path(config: TransferConfig, model_name: str) -> Path | None:
    """Returns the path of the checkpoint on this computer; None for training from scratch.

    A checkpoint that is downloaded need not exist yet at this path.

    Raises:
        KwspipeError: no checkpoint is bundled for the model.
    """
    if config.source == "none":
        return None
    if config.source == "bundled":
        return _bundled(model_name)
    if config.path is not None:
        path = Path(config.path).expanduser()
        return path / RUN_CHECKPOINT if path.is_dir() else path
    return Path(config.cache_dir).expanduser() / config.url.rsplit("/", 1)[-1]


def available_path(config: TransferConfig, model_name: str) -> Path | None:
    """Returns the path of the checkpoint; None for training from scratch or before the checkpoint is downloaded.

    Raises:
        KwspipeError: no checkpoint is bundled for the model.
    """
    path = local_path(config, model_name)
    if path is None or config.source != "url" or config.path is not None:
        return path
    return path if path.is_file() and file_hash(path) == config.sha256 else None


def checkpoint_hash(config: TransferConfig, model_name: str) -> dict[str, str]:
    """Returns the SHA-256 of the checkpoint, for the manifest; an empty mapping for training from scratch.

    Raises:
        KwspipeError: the checkpoint does not exist.
    """
    path = local_path(config, model_name)
    if path is None:
        return {}
    if config.source == "url" and config.path is None:
        return {"checkpoint": config.sha256}
    if not path.is_file():
        read_checkpoint(path)  # raises the KwspipeError of a missing file
    return {"checkpoint": file_hash(path)}


def _bundled(model_name: str) -> Path:
    path = BUNDLED / f"{model_name}{WEIGHTS_SUFFIX}"
    if not path.is_file():
        models = sorted(file.name.removesuffix(WEIGHTS_SUFFIX) for file in BUNDLED.glob(f"*{WEIGHTS_SUFFIX}"))
        raise KwspipeError(
            "transfer.source",
            f"no checkpoint of {model_name} is bundled",
            f"a model with a bundled checkpoint: {', '.join(models)}",
            "set transfer=none to train from scratch, or choose another model",
        )
    return path
