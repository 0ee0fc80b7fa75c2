"""C source of a model, for firmware that links the model."""

import re
import textwrap
from collections.abc import Sequence

ALIGNMENT = 16  # bytes; TensorFlow Lite for Microcontrollers requires it of the address of a model
BYTES_PER_LINE = 16

_HEADER = """\
/* {title}
 * Made by kwspipe. sha256 of the .tflite: {sha256}
 */
#ifndef {guard}
#define {guard}

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

#define {upper}_NUM_CLASSES {num_classes}
/* Estimated size of the tensor arena for TensorFlow Lite for Microcontrollers. */
#define {upper}_TENSOR_ARENA_BYTES {arena_bytes}

/* The .tflite, aligned to {alignment} bytes. */
extern const uint8_t {name}_tflite[];
extern const size_t {name}_tflite_bytes;

/* Labels in the order of the outputs, UTF-8. */
extern const char *const {name}_labels[{upper}_NUM_CLASSES];

#ifdef __cplusplus
}}
#endif

#endif
"""
_SOURCE = """\
/* {title}; see {name}.h. Valid as C++11 and, under the name {name}.c, as C11. */
#include "{name}.h"

#ifndef __cplusplus
#include <stdalign.h>
#endif

alignas({alignment}) const uint8_t {name}_tflite[] = {{
{data}
}};

const size_t {name}_tflite_bytes = sizeof({name}_tflite);

const char *const {name}_labels[{upper}_NUM_CLASSES] = {{
{labels}
}};
"""


def c_name(text: str) -> str:
    """Converts a text to a C identifier. ``digits_3-a`` gives ``digits_3_a``, ``3words`` gives ``m_3words``."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", text)
    return name if name[:1].isalpha() else f"m_{name.lstrip('_')}"


def header(name: str, title: str, sha256: str, num_classes: int, arena_bytes: int) -> str:
    """Returns the text of the header file.

    Args:
        name: C identifier, the prefix of all declarations.
        title: description of the model in one line.
        sha256: hash of the .tflite, hexadecimal.
        num_classes: number of outputs of the model.
        arena_bytes: memory for one inference in the vendor's runtime.
    """
    return _HEADER.format(
        name=name, upper=name.upper(), guard=f"{name.upper()}_H", title=_comment(title), sha256=sha256,
        num_classes=num_classes, arena_bytes=arena_bytes, alignment=ALIGNMENT,
    )  # fmt: skip


def source(name: str, title: str, tflite: bytes, labels: Sequence[str]) -> str:
    """Returns the text of the source file for ``header``."""
    lines = [tflite[start : start + BYTES_PER_LINE] for start in range(0, len(tflite), BYTES_PER_LINE)]
    return _SOURCE.format(
        name=name, upper=name.upper(), title=_comment(title), alignment=ALIGNMENT,
        data="\n".join("    " + " ".join(f"0x{byte:02x}," for byte in line) for line in lines),
        labels=textwrap.indent("\n".join(f'"{_escaped(label)}",' for label in labels), "    "),
    )  # fmt: skip


def _comment(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("*/", "* /")


def _escaped(text: str) -> str:
    """Escapes a text for a C string literal.

    Octal escapes end after three digits, so that the next character cannot extend them. The question mark is escaped
    because of trigraphs.
    """
    plain = set(range(0x20, 0x7F)) - set(b'"\\?')
    return "".join(chr(byte) if byte in plain else f"\\{byte:03o}" for byte in text.encode())
