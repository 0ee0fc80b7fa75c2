"""Fuzzer of the application: sends random and mutated frames and model images, with sanitizers.

    python scripts/fuzz_link.py --count 100000 --image runs/digits_3/quantize/model.kws

Builds tests/fuzz/fuzz_app.c with AddressSanitizer and UndefinedBehaviorSanitizer and runs it. The exit status is 0
if no error was found, and 77 if no compiler on this machine supports the sanitizers.
"""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
NO_SANITIZERS = 77


def find_compiler(folder: Path) -> list[str] | None:
    """Returns the first C compiler that can link and run a program with the sanitizers."""
    probe = folder / "probe.c"
    probe.write_text("int main(void) { return 0; }\n")
    for compiler in filter(None, (os.environ.get("CC"), "cc", "gcc", "clang")):
        command = shlex.split(compiler)
        build = [*command, *SANITIZERS, str(probe), "-o", str(folder / "probe")]
        try:
            if all(
                subprocess.run(step, capture_output=True).returncode == 0
                for step in (build, [folder / "probe"])
            ):
                return command
        except OSError:
            continue
    return None


def build(compiler: list[str], folder: Path) -> Path:
    """Compiles the application, the core and the fuzzer."""
    sources = [ROOT / "tests" / "fuzz" / "fuzz_app.c", *sorted((ROOT / "firmware" / "core").rglob("*.c"))]
    sources += [path for path in sorted((ROOT / "firmware" / "app").glob("*.c")) if path.name != "main.c"]
    includes = [f"-I{ROOT / 'firmware' / name}" for name in ("core", "app")]
    program = folder / "fuzz_app"
    options = ["-std=c11", "-O1", "-g", *SANITIZERS, *includes]
    subprocess.run([*compiler, *options, *map(str, sources), "-o", str(program)], check=True)
    return program


def main() -> int:
    """Builds and runs the fuzzer. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100_000, help="frames to send")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--image", type=Path, help="a model image, sent intact and damaged")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        compiler = find_compiler(Path(folder))
        if compiler is None:
            print("no C compiler with AddressSanitizer and UndefinedBehaviorSanitizer")
            return NO_SANITIZERS
        program = build(compiler, Path(folder))
        image = [str(options.image)] if options.image else []
        return subprocess.run([program, str(options.count), str(options.seed), *image]).returncode


if __name__ == "__main__":
    sys.exit(main())
