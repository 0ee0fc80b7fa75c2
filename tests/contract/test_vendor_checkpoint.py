"""Base checkpoint of the vendor: weights that are loaded by layer name equal those of the int8 model of the vendor."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from support.own_process import printed_with_tensorflow

ARCHIVE = "base/keyword_spotting_mobilenetv2.mltk.zip"


@pytest.fixture(scope="module")
def loaded(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, dict[str, np.ndarray]]:
    arrays = tmp_path_factory.mktemp("vendor") / "arrays.npz"
    printed = printed_with_tensorflow("load_vendor_checkpoint.py", shared_dir / ARCHIVE, arrays)
    with np.load(arrays) as file:
        return printed, dict(file)


def test_numbers_of_layers_parameters_and_loaded_layers(loaded: tuple[dict, dict]) -> None:
    report, _ = loaded
    assert report["8"] == {"layers": 158, "parameters": 99560, "loaded": 105, "skipped": []}
    assert report["5"] == {"layers": 158, "parameters": 98405, "loaded": 104, "skipped": ["predictions"]}
    assert report["11"] == {"layers": 158, "parameters": 100715, "loaded": 104, "skipped": ["predictions"]}


def test_every_int8_convolution_weight_is_the_rounded_weight_with_folded_normalization(
    loaded: tuple[dict, dict[str, np.ndarray]], shared_dir: Path
) -> None:
    import tflite_runtime.interpreter as tflite

    _, arrays = loaded
    with zipfile.ZipFile(shared_dir / ARCHIVE) as archive:
        content = archive.read("keyword_spotting_mobilenetv2.tflite")
    interpreter = tflite.Interpreter(model_content=content)
    interpreter.allocate_tensors()
    details = {detail["index"]: detail for detail in interpreter.get_tensor_details()}
    names = [key.rsplit(".", 1)[0] for key in arrays if key.endswith(".0") and "redictions" not in key]
    convolutions = iter([name for name in names if "BN" not in name and "bn" not in name])
    compared = 0
    for operator in interpreter._get_ops_details():
        if operator["op_name"] not in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            continue
        name = next(convolutions)
        kernel, scales = (
            arrays[f"{name}.0"],
            details[operator["inputs"][1]]["quantization_parameters"]["scales"],
        )
        gamma, _, _, variance = (arrays[f"{norm_of(name)}.{i}"] for i in range(4))
        factor = gamma / np.sqrt(variance + np.float32(1e-3))
        depthwise = operator["op_name"] == "DEPTHWISE_CONV_2D"
        folded = kernel[..., 0] * factor if depthwise else np.moveaxis(kernel * factor, -1, 0)
        scaled = folded / (scales if depthwise else scales[:, None, None, None])
        quantized = interpreter.get_tensor(operator["inputs"][1]).reshape(scaled.shape)
        assert np.array_equal(np.rint(scaled).astype(int), quantized), name
        compared += quantized.size
    assert compared == 82624


def norm_of(convolution: str) -> str:
    """Returns the name of the normalization after a convolution."""
    if convolution in ("Conv1", "Conv_1"):
        return {"Conv1": "bn_Conv1", "Conv_1": "Conv_1_bn"}[convolution]
    return f"{convolution}_BN"
