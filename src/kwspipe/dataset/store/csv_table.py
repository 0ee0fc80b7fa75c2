"""CSV tables in UTF-8 with one header line; lines end in a line feed."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path


class CsvWriter:
    """Writes a table line by line.

    Args:
        path: the file; an existing file is overwritten.
        columns: names of the columns.

    Attributes:
        num_bytes: number of bytes written.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._file = path.open("wb")
        self.num_bytes = 0
        # Python 3.11 quotes a carriage return only if the line terminator contains one. File names may contain it.
        self._csv = csv.writer(self, lineterminator="\r\n")
        self.append(columns)

    def append(self, values: Iterable[object]) -> None:
        """Writes one line."""
        self._csv.writerow(values)

    def write(self, line: str) -> None:
        """Writes one line that ``csv.writer`` has formatted."""
        self.num_bytes += self._file.write((line.removesuffix("\r\n") + "\n").encode())

    def close(self) -> None:
        """Writes the buffered bytes and closes the file."""
        self._file.close()


def read_csv(path: Path, columns: Sequence[str]) -> list[list[str]]:
    """Reads a table and returns its rows.

    Raises:
        ValueError: the table has other columns.
        OSError: the file cannot be read.
    """
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    if tuple(header) != tuple(columns) or any(len(row) != len(columns) for row in rows):
        raise ValueError(f"{path.name} has other columns than {', '.join(columns)}")
    return rows
