"""Upper bound of the stack depth, from the compiler's stack frames and the calls in the linked code.

The compiler writes the frame size of every function to .su files (-fstack-usage). The frame size of an assembly
function follows from its first instructions. The calls are decoded from the machine code (Armv8-M Architecture
Reference Manual, chapter C2.4): BL, and branches to the start of another function. A call through a pointer is assumed
to reach any function whose address is stored in the image. This overestimates the possible calls, so the result is an
upper bound.
"""

import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

STT_FUNC = 2
SHT_SYMTAB, SHT_PROGBITS, SHF_EXECINSTR = 2, 1, 4
# The hardware pushes 8 words and 18 words of the floating point unit for a fault.
EXCEPTION_FRAME_BYTES = 4 * (8 + 18)


@dataclass
class Function:
    """A function of the image."""

    name: str
    address: int
    code: bytes
    frame_bytes: int = 0
    calls: set[str] = field(default_factory=set)
    calls_pointer: bool = False


def sections(elf: bytes) -> list[tuple[int, ...]]:
    """Returns the section headers (ELF32)."""
    offset, size, count = struct.unpack_from("<I10xHH", elf, 32)
    return [struct.unpack_from("<10I", elf, offset + i * size) for i in range(count)]


def symbols(elf: bytes) -> Iterator[tuple[str, int, int, int, int]]:
    """Yields name, value, size, type and section index of every symbol."""
    headers = sections(elf)
    table = next(h for h in headers if h[1] == SHT_SYMTAB)
    names_at = headers[table[6]][4]
    for at in range(table[4], table[4] + table[5], 16):
        name_at, value, size, info, _, index = struct.unpack_from("<IIIBBH", elf, at)
        yield (
            elf[names_at + name_at : elf.index(0, names_at + name_at)].decode(),
            value,
            size,
            info & 0xF,
            index,
        )


def symbol(elf: bytes, wanted: str) -> int:
    """Returns the value of a symbol."""
    return next(value for name, value, *_ in symbols(elf) if name == wanted)


def read_functions(elf: bytes) -> dict[str, Function]:
    """Returns the functions of the image by name."""
    headers = sections(elf)
    functions = {}
    for name, value, size, kind, index in symbols(elf):
        if kind == STT_FUNC and size and index < len(headers):
            section, address = headers[index], value & ~1
            start = section[4] + address - section[3]
            functions[name] = Function(name, address, elf[start : start + size])
    return functions


def branch_targets(function: Function) -> Iterator[int | None]:
    """Yields the targets of calls and branches of a function; None for a call through a pointer."""
    at, code = 0, function.code
    while at + 2 <= len(code):
        first = code[at] | code[at + 1] << 8
        wide = first >> 11 in (0b11101, 0b11110, 0b11111) and at + 4 <= len(code)
        here = function.address + at + 4
        if not wide and first & 0xFF87 in (0x4780, 0x4700) and first >> 3 & 0xF != 14:
            yield None  # BLX register, or BX register other than LR
        elif not wide and first >> 11 == 0b11100:
            offset = (first & 0x7FF) << 1
            yield here + (offset - 0x1000 if offset & 0x800 else offset)
        elif wide and first >> 11 == 0b11110:
            second = code[at + 2] | code[at + 3] << 8
            if second & 0x9000 == 0x9000:  # BL, B.W
                sign = first >> 10 & 1
                bits = ~((second >> 13 & 1) ^ sign) & 1, ~((second >> 11 & 1) ^ sign) & 1
                offset = (first & 0x3FF) << 12 | (second & 0x7FF) << 1 | bits[0] << 23 | bits[1] << 22
                yield here + offset - (sign << 24)
        at += 4 if wide else 2


def loaded_constants(code: bytes) -> Iterator[int]:
    """Yields the constants that a function loads with MOVW and MOVT."""
    low: dict[int, int] = {}
    at = 0
    while at + 4 <= len(code):
        first, second = struct.unpack_from("<HH", code, at)
        if first >> 11 not in (0b11101, 0b11110, 0b11111):
            at += 2
            continue
        value = (first & 0xF) << 12 | (first >> 10 & 1) << 11 | (second >> 12 & 7) << 8 | second & 0xFF
        register = second >> 8 & 0xF
        if first & 0xFBF0 == 0xF240 and not second & 0x8000:  # MOVW, encoding T3
            low[register] = value
        elif first & 0xFBF0 == 0xF2C0 and not second & 0x8000 and register in low:  # MOVT, T1
            yield value << 16 | low[register]
        at += 4


def link_calls(functions: dict[str, Function], elf: bytes) -> None:
    """Sets the calls of every function."""
    by_address = {function.address: function.name for function in functions.values()}
    stored = {value & ~1 for function in functions.values() for value in loaded_constants(function.code)}
    for header in sections(elf):
        if header[1] == SHT_PROGBITS and header[3]:
            content = elf[header[4] : header[4] + header[5] & ~3]
            stored |= {
                word & ~1 for (word,) in struct.iter_unpack("<I", content[: len(content) & ~3]) if word & 1
            }
    pointed_at = {name for address, name in by_address.items() if address in stored}
    for function in functions.values():
        for target in branch_targets(function):
            if target is not None and 0 < target - function.address < len(function.code):
                continue  # a branch inside the function
            if target in by_address:
                function.calls.add(by_address[target])
            else:
                function.calls_pointer = True  # includes the linker's veneers between flash and RAM
        if function.calls_pointer:
            function.calls |= pointed_at - {function.name, "Reset_Handler", "fault"}


def pushed_bytes(code: bytes) -> int:
    """Returns the stack bytes of PUSH {...} and SUB SP, #n at the start of an assembly function."""
    total = at = 0
    while at + 4 <= len(code):
        first, second = code[at] | code[at + 1] << 8, code[at + 2] | code[at + 3] << 8
        if first == 0xE92D:  # PUSH.W
            total += 4 * second.bit_count()
            at += 4
        elif first >> 9 == 0b1011010:  # PUSH, with LR in bit 8
            total += 4 * (first & 0x1FF).bit_count()
            at += 2
        elif first >> 7 == 0b101100001:  # SUB SP, #n
            return total + 4 * (first & 0x7F)
        else:
            return total
    return total


def read_frames(build: Path) -> dict[str, int]:
    """Returns frame sizes by function name, the largest one if several functions have the same name.

    Raises:
        ValueError: a frame does not have a fixed size.
    """
    frames: dict[str, int] = {}
    for path in build.rglob("*.su"):
        for line in path.read_text().splitlines():
            place, size, kind = line.split("\t")
            if "dynamic" in kind and "bounded" not in kind:
                raise ValueError(f"{place}: a stack frame without a fixed size")
            name = place.rsplit(":", 1)[1]
            frames[name] = max(frames.get(name, 0), int(size))
    return frames


def reach(functions: dict[str, Function], start: str) -> set[str]:
    """Returns the functions that `start` may call directly or indirectly."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = functions[waiting.pop()].calls - found
        found |= new
        waiting += new
    return found


def deepest(functions: dict[str, Function], start: str) -> tuple[int, list[str]]:
    """Returns an upper bound of the stack bytes below `start`, and the calls of the deepest path.

    Functions in a cycle count together, each once. There is no recursion by design: a cycle results only from the
    assumption about pointers. The path contains a cycle as "{number of functions of one of them}".
    """
    reached = {name: reach(functions, name) for name in functions}
    best: dict[str, tuple[int, list[str]]] = {}

    def visit(name: str) -> tuple[int, list[str]]:
        cycle = {name} | {other for other in reached[name] if name in reached[other]}
        key = min(cycle)
        if key not in best:
            below = {callee for member in cycle for callee in functions[member].calls} - cycle
            depth, path = max(map(visit, sorted(below)), key=lambda found: found[0], default=(0, []))
            here = name if len(cycle) == 1 else f"{{{len(cycle)} of {name}}}"
            best[key] = sum(functions[member].frame_bytes for member in cycle) + depth, [here, *path]
        return best[key]

    return visit(start)


def main(path: Path) -> None:
    """Prints the upper bound and fails if it exceeds the size of the stack."""
    elf = path.read_bytes()
    functions = read_functions(elf)
    stack_bytes = symbol(elf, "linker_stack_top") - symbol(elf, "linker_stack_limit")
    link_calls(functions, elf)
    frames = read_frames(path.parent)
    for function in functions.values():
        # The compiler derives names from others (main.part.0, read.constprop.0). They have the frame of their origin.
        origin = function.name if function.name in frames else function.name.split(".")[0]
        function.frame_bytes = frames.get(origin, pushed_bytes(function.code))
    depth, calls = deepest(functions, "Reset_Handler")
    depth += EXCEPTION_FRAME_BYTES
    for name in sorted(name for name, function in functions.items() if name in function.calls):
        print(f"stack: {name} is recursive, counted once")
    print(f"stack {depth:7,} of {stack_bytes:9,} bytes at most: {' > '.join(calls[2:])}")
    if depth > stack_bytes:
        sys.exit(f"{path}: the stack may require {depth} bytes, but it has {stack_bytes}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
