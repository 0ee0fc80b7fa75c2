"""Tables as CSV files: UTF-8, one header line, lines that end in a line feed."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path


class CsvWriter:
    """Writes a table line by line.

    Args:
        path: the file; what is in it is lost.
        columns: the header.

    Attributes:
        num_bytes: bytes written so far.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._file = path.open("wb")
        self.num_bytes = 0
        # Python 3.11 quotes a carriage return only where lines end in one: a file's name may have it.
        self._csv = csv.writer(self, lineterminator="\r\n")
        self.append(columns)

    def append(self, values: Iterable[object]) -> None:
        """Writes a line."""
        self._csv.writerow(values)

    def write(self, line: str) -> None:
        """Takes one line from Python's writer."""
        self.num_bytes += self._file.write((line.removesuffix("\r\n") + "\n").encode())

    def close(self) -> None:
        """Writes what is still buffered."""
        self._file.close()


def read_csv(path: Path, columns: Sequence[str]) -> list[list[str]]:
    """Reads a whole table.

    Raises:
        ValueError: it has other columns.
        OSError: it cannot be read.
    """
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    if tuple(header) != tuple(columns) or any(len(row) != len(columns) for row in rows):
        raise ValueError(f"{path.name} has other columns than {', '.join(columns)}")
    return rows
