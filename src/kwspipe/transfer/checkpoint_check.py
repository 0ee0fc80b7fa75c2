"""Check of the checkpoint before a run starts, without TensorFlow."""

from kwspipe.config import PipelineConfig
from kwspipe.core.frontend import FrontEnd
from kwspipe.models import weight_shapes
from kwspipe.models.layer_names import OUTPUTS
from kwspipe.transfer.checkpoint import read_checkpoint
from kwspipe.transfer.layers import check_fit, mismatch
from kwspipe.transfer.source import available_path


def check_checkpoint(config: PipelineConfig) -> None:
    """Raises KwspipeError if training cannot start from the checkpoint that the configuration names.

    The checkpoint must exist, and the model must fit it as ``transfer.skip_mismatch`` requires. The number of classes
    is not known before the recordings are prepared. The check therefore assumes the number of the checkpoint. A
    checkpoint that is not downloaded yet is not checked here, but after its download.

    Raises:
        KwspipeError: no such file, a damaged or hostile file, no bundled checkpoint for the model, no layer that fits,
            or with ``skip_mismatch: false`` a layer before the output layer that does not fit.
    """
    path = available_path(config.transfer, config.model.name)
    if path is None or config.transfer.source == "none":
        return
    arrays = read_checkpoint(path)
    num_classes = arrays[OUTPUTS][-1].shape[-1] if OUTPUTS in arrays else 1
    front_end = FrontEnd(config.frontend)
    shapes = weight_shapes(config.model, (front_end.num_frames, front_end.num_channels), num_classes)
    reasons = {name: mismatch(name, layer_shapes, arrays) for name, layer_shapes in shapes.items()}
    fitting = [name for name, reason in reasons.items() if reason is None]
    misfits = {name: reason for name, reason in reasons.items() if reason is not None}
    check_fit(path, fitting, misfits, config.transfer.skip_mismatch)
