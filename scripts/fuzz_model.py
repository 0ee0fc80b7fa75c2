"""Fuzzer of model images: damages images and runs those that the core accepts, with sanitizers.

    python scripts/fuzz_model.py --count 100000 [--image runs/digits_3/quantize/model.kws]

Builds tests/fuzz/fuzz_model.c with AddressSanitizer and UndefinedBehaviorSanitizer and runs it on images of random
networks (tests/support/random_networks.py). The exit status is 0 if no error was found, and 77 if no compiler on this
machine supports the sanitizers.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "scripts")]

from fuzz_link import NO_SANITIZERS, SANITIZERS, find_compiler  # noqa: E402

from kwspipe.compiler.compile import compile_model  # noqa: E402
from support.random_networks import random_network  # noqa: E402

NUM_NETWORKS = 40


def build(compiler: list[str], folder: Path) -> Path:
    """Compiles the core and the fuzzer."""
    core = ROOT / "firmware" / "core"
    program = folder / "fuzz_model"
    sources = [ROOT / "tests" / "fuzz" / "fuzz_model.c", *sorted(core.rglob("*.c"))]
    options = ["-std=c11", "-O1", "-g", *SANITIZERS, f"-I{core}"]
    subprocess.run([*compiler, *options, *map(str, sources), "-o", str(program)], check=True)
    return program


def write_images(folder: Path) -> list[Path]:
    """Compiles random networks to model images."""
    paths = []
    for seed in range(NUM_NETWORKS):
        tflite, _, classes = random_network(np.random.default_rng(seed))
        image, _ = compile_model(
            tflite, [f"class {i}" for i in range(classes)], b"tables", b"settings", "fuzz"
        )
        paths.append(folder / f"{seed}.kws")
        paths[-1].write_bytes(image)
    return paths


def main(arguments: list[str] | None = None) -> int:
    """Builds and runs the fuzzer. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100_000, help="images to damage")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--image", type=Path, action="append", default=[], help="an additional image to damage"
    )
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        compiler = find_compiler(folder)
        if compiler is None:
            print("no C compiler with AddressSanitizer and UndefinedBehaviorSanitizer")
            return NO_SANITIZERS
        images = [*write_images(folder), *options.image]
        command = [build(compiler, folder), str(options.count), str(options.seed), *images]
        return subprocess.run(command).returncode


if __name__ == "__main__":
    sys.exit(main())
