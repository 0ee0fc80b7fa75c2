"""Instruction counts of one inference on an emulated Cortex-M33, per operator.

Builds firmware/core with Zig's C compiler (PyPI ``ziglang``), runs it on Unicorn (PyPI ``unicorn``), and compares the
outputs with those of the core built for this machine. Instruction counts do not include cycles or wait states.

    python scripts/count_instructions.py model.kws [--clips 3] [--cc "arm-none-eabi-gcc"]
"""

import argparse
import shlex
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import unicorn
from unicorn import arm_const as arm

from kwspipe.core.model_runner import CoreModel
from kwspipe.errors import KwspipeError

CORE = Path(__file__).resolve().parents[1] / "firmware" / "core"
ZIG_FLAGS = (
    "-target thumb-freestanding-eabihf -mcpu=cortex_m33+dsp -fno-sanitize=all -fno-unwind-tables"
    " -fno-unroll-loops -Wl,--image-base=0x10000"
)
GCC_FLAGS = "-mcpu=cortex-m33 -mthumb -mfloat-abi=hard -mfpu=fpv5-sp-d16 -Wl,-Ttext=0x10000"
FLAGS = "-std=c11 -O2 -ffreestanding -nostdlib -fno-builtin -Wl,-e,kws_model_step"
# Functions that compilers call implicitly.
SUPPORT = """
#include <stddef.h>
void *memcpy(void *to, const void *from, size_t size) {
    for (size_t i = 0; i < size; i++) ((char *)to)[i] = ((const char *)from)[i];
    return to;
}
void *memset(void *to, int value, size_t size) {
    for (size_t i = 0; i < size; i++) ((char *)to)[i] = (char)value;
    return to;
}
void __aeabi_memcpy(void *to, const void *from, size_t size) { memcpy(to, from, size); }
void __aeabi_memcpy4(void *to, const void *from, size_t size) { memcpy(to, from, size); }
void __aeabi_memcpy8(void *to, const void *from, size_t size) { memcpy(to, from, size); }
void __aeabi_memclr(void *to, size_t size) { memset(to, 0, size); }
void __aeabi_memclr4(void *to, size_t size) { memset(to, 0, size); }
void __aeabi_memclr8(void *to, size_t size) { memset(to, 0, size); }
"""
# Addresses from 0x40000000 on are reserved for devices and not executable.
CODE, IMAGE, ARENA, HEAP, STACK, STOP = 0x10000, 0x08000000, 0x20000000, 0x20400000, 0x20500000, 0x100000
REGION_BYTES, HEAP_BYTES, STACK_BYTES = 1 << 20, 1 << 16, 1 << 16
ARENA_BYTES_AT = 48  # in the image's header


def build(compiler: list[str], folder: Path) -> bytes:
    """Builds the core for the Cortex-M33 and returns the ELF file."""
    support, output = folder / "support.c", folder / "core.elf"
    support.write_text(SUPPORT)
    flags = ZIG_FLAGS if "ziglang" in compiler or compiler[0].endswith("zig") else GCC_FLAGS
    sources = [str(path) for name in ("common", "model") for path in sorted((CORE / name).glob("*.[cS]"))]
    command = [
        *compiler,
        *flags.split(),
        *FLAGS.split(),
        f"-I{CORE}",
        *sources,
        str(support),
        "-o",
        str(output),
    ]
    subprocess.run(command, check=True)
    return output.read_bytes()


class Elf:
    """The loadable segments and the symbols of a 32-bit little-endian ELF file."""

    def __init__(self, data: bytes) -> None:
        header = struct.unpack_from("<16sHHIIIIIHHHHHH", data)
        program, section, entries = header[5], header[6], (header[9], header[10], header[11], header[12])
        self.segments = []
        for i in range(entries[1]):
            kind, offset, address, _, size = struct.unpack_from("<5I", data, program + i * entries[0])
            if kind == 1 and size:
                self.segments.append((address, data[offset : offset + size]))
        sections = [struct.unpack_from("<10I", data, section + i * entries[2]) for i in range(entries[3])]
        self.symbols = {}
        for kind_section in sections:
            if kind_section[1] == 2:  # SHT_SYMTAB
                names = data[sections[kind_section[6]][4] :]
                for at in range(kind_section[4], kind_section[4] + kind_section[5], 16):
                    name, value, size, info, _, index = struct.unpack_from("<IIIBBH", data, at)
                    if index:
                        self.symbols[names[name : names.index(b"\0", name)].decode()] = (
                            value,
                            size,
                            info & 15,
                        )


class Board:
    """The core on an emulated Cortex-M33. Its functions are called one by one."""

    def __init__(self, elf: Elf, image: bytes) -> None:
        self.elf = elf
        self.cpu = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
        self.cpu.ctl_set_cpu_model(arm.UC_CPU_ARM_CORTEX_M33)
        self.cpu.mem_map(CODE, STOP - CODE)
        for address, data in elf.segments:
            self.cpu.mem_write(address, data)
        for base, size in (
            (IMAGE, REGION_BYTES),
            (ARENA, REGION_BYTES),
            (HEAP, HEAP_BYTES),
            (STACK, STACK_BYTES),
            (STOP, 4096),
        ):
            self.cpu.mem_map(base, size)
        # Image and arena end at the end of mapped memory, so that accesses past the end are errors.
        self.image_at = IMAGE + REGION_BYTES - -(-len(image) // 16) * 16
        self.cpu.mem_write(self.image_at, image)
        self.lengths: dict[tuple[int, int], int] = {}
        self.num_instructions = 0
        self.cpu.hook_add(unicorn.UC_HOOK_BLOCK, self._block)
        self.model = HEAP + 256
        self.check("kws_image_open", HEAP, self.image_at, len(image))
        self.check("kws_model_open", self.model, HEAP)
        (self.arena_bytes,) = struct.unpack_from("<I", image, ARENA_BYTES_AT)
        self.arena = ARENA + REGION_BYTES - -(-self.arena_bytes // 8) * 8

    def check(self, function: str, *arguments: int) -> int:
        """Calls a function that must return KWS_OK. Returns the number of executed instructions."""
        before = self.num_instructions
        registers = (arm.UC_ARM_REG_R0, arm.UC_ARM_REG_R1, arm.UC_ARM_REG_R2, arm.UC_ARM_REG_R3)
        for register, value in zip(registers, arguments, strict=False):
            self.cpu.reg_write(register, value)
        stack = STACK + STACK_BYTES - 256
        self.cpu.mem_write(stack, b"".join(struct.pack("<I", value) for value in arguments[4:]))
        self.cpu.reg_write(arm.UC_ARM_REG_SP, stack)
        self.cpu.reg_write(arm.UC_ARM_REG_LR, STOP | 1)
        self.cpu.emu_start(self.elf.symbols[function][0] | 1, STOP)
        status = self.cpu.reg_read(arm.UC_ARM_REG_R0)
        if status:
            raise SystemExit(f"{function} returned {status - 2**32}")
        return self.num_instructions - before

    def infer(self, clip: np.ndarray, num_operators: int, num_outputs: int) -> tuple[np.ndarray, list[int]]:
        """Returns the outputs and the instruction counts of load, each operator and store."""
        inputs, outputs = HEAP + 1024, HEAP + 1024 + clip.size
        self.cpu.mem_write(inputs, clip.tobytes())
        counts = [self.check("kws_model_load", self.model, self.arena, self.arena_bytes, inputs, clip.size)]
        for i in range(num_operators):
            counts.append(self.check("kws_model_step", self.model, self.arena, self.arena_bytes, i))
        counts.append(
            self.check("kws_model_store", self.model, self.arena, self.arena_bytes, outputs, num_outputs)
        )
        return np.frombuffer(self.cpu.mem_read(outputs, num_outputs), np.int8), counts

    def _block(self, cpu: unicorn.Uc, address: int, size: int, _: object) -> None:
        key = (address, size)
        if key not in self.lengths:
            halves = struct.unpack(f"<{size // 2}H", cpu.mem_read(address, size))
            count = position = 0
            while position < len(halves):
                position += (
                    2 if halves[position] >= 0xE800 else 1
                )  # a 32-bit Thumb instruction, or a 16-bit one
                count += 1
            self.lengths[key] = count
        self.num_instructions += self.lengths[key]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("image", type=Path)
    parser.add_argument("--clips", type=int, default=2)
    parser.add_argument("--cc", default=f"{sys.executable} -m ziglang cc")
    arguments = parser.parse_args()
    try:
        image = arguments.image.read_bytes()
        model = CoreModel(image)
    except (OSError, KwspipeError) as error:
        raise SystemExit(f"{arguments.image}: {error}") from None
    clips = (
        np.random.default_rng(0).integers(-128, 128, (arguments.clips, *model.input_shape)).astype(np.int8)
    )
    expected = model.run(clips)
    with tempfile.TemporaryDirectory() as folder:
        try:
            elf = Elf(build(shlex.split(arguments.cc), Path(folder)))
        except (OSError, subprocess.CalledProcessError):
            raise SystemExit(
                f"{arguments.cc}: this did not compile firmware/core. Install ziglang (pip install"
                " 'kwspipe[toolchain]'), or name another compiler for the Cortex-M33: --cc arm-none-eabi-gcc"
            ) from None
    board = Board(elf, image)
    num_different = 0
    for clip, wanted in zip(clips, expected, strict=True):
        outputs, counts = board.infer(clip, model.num_operators, len(wanted))
        num_different += int((outputs != wanted).sum())
    for i, count in enumerate(counts):
        print(f"{i - 1:4} {count:9,}")
    code = sum(size for name, (_, size, kind) in elf.symbols.items() if kind == 2)
    print(f"total {sum(counts):,} instructions, {num_different} differing outputs, {code:,} bytes of code")


if __name__ == "__main__":
    main()
