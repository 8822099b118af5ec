"""A file of transactions as it arrived: its bytes, what they are, its columns."""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

from invoice_lab.errors import NothingFoundError, UsageError
from invoice_lab.sources.names import text_name

_GZIP, _PARQUET, _ZIP = b"\x1f\x8b", b"PAR1", b"PK\x03\x04"
_SEPARATORS = ",;\t"
_BLOCK = 1 << 20
REMEDY = "Hand in CSV (separated by commas, semicolons or tabs, also gzipped) or Parquet."


@dataclass(frozen=True)
class Opened:
    """A file of transactions.

    Attributes
    ----------
    name : str
    sha256 : str
        Of its bytes.
    size : int
        In bytes.
    copy : Path
        Its bytes, unchanged, in the run's folder: what is read and what is kept are the same.
    table : Path
        What is read: Parquet, or CSV as UTF-8 with plain line ends.
    separator : str or None
        None for Parquet.
    header : tuple of str
        The names of its columns.
    """

    name: str
    sha256: str
    size: int
    copy: Path
    table: Path
    separator: str | None
    header: tuple[str, ...]


def open_file(path: Path, work: Path, encoding: str | None = None) -> Opened:
    """Copy a file into a folder and look at what it is; its bytes tell, not its name.

    Parameters
    ----------
    path : Path
    work : Path
        An empty folder.
    encoding : str, optional
        Of CSV; UTF-8, or UTF-16 with a byte order mark, by default.

    Raises
    ------
    NothingFoundError
        There is nothing in it.
    UsageError
        It is neither CSV nor Parquet, is damaged, or has another encoding.
    """
    copy = work / "copy"
    with path.open("rb") as source, copy.open("xb") as target:
        sha256, size = _copied(source, target)
    with copy.open("rb") as file:
        head = file.read(len(_ZIP))
    about = (text_name(path.name), sha256, size, copy)
    if head.startswith(_PARQUET):
        return Opened(*about, copy, None, _parquet_header(copy, path))
    if head.startswith(_ZIP):
        raise UsageError(f"{path} is a zip archive or an Excel workbook.", REMEDY)
    table = work / "table.csv"
    _write_text(copy, table, encoding, path)
    separator, header = _csv_header(table, path)
    return Opened(*about, table, separator, header)


def _copied(source: BinaryIO, target: BinaryIO) -> tuple[str, int]:
    digest = hashlib.sha256()
    while block := source.read(_BLOCK):
        digest.update(block)
        target.write(block)
    return digest.hexdigest(), target.tell()


def _parquet_header(copy: Path, path: Path) -> tuple[str, ...]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return tuple(pq.read_schema(copy).names)
    except (pa.ArrowException, OSError) as error:
        raise UsageError(f"{path} is a damaged Parquet file: {str(error).rstrip('.')}.", REMEDY) from error


def _write_text(copy: Path, table: Path, encoding: str | None, path: Path) -> None:
    try:
        with _unpacked(copy) as raw:
            name = encoding or _marked(raw)
            with io.TextIOWrapper(raw, encoding=name) as text, table.open("x", encoding="utf-8", newline="\n") as out:
                out.writelines(_without_blank_lines(text))
    except LookupError as error:
        raise UsageError(f"There is no encoding {encoding!r}.", "Such as utf-8, cp1252, latin-1, utf-16.") from error
    except UnicodeError as error:
        remedy = "Say which it is, such as --encoding cp1252 (Western Windows) or latin-1."
        raise UsageError(f"{path} is not text in {name}: {error}.", remedy) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UsageError(f"{path} is a damaged gzip file: {error}.", REMEDY) from error


def _without_blank_lines(lines: Iterable[str]) -> Iterator[str]:
    """Leave out the lines that are empty, unless within quotes: DuckDB counts them here and passes over them there."""
    quoted = False
    for line in lines:
        if quoted or line != "\n":
            yield line
        quoted ^= line.count('"') % 2 == 1


def _unpacked(copy: Path) -> io.BufferedReader:
    file = copy.open("rb")
    packed = file.peek(len(_GZIP)).startswith(_GZIP)
    return io.BufferedReader(cast(io.RawIOBase, gzip.open(file))) if packed else file


def _marked(raw: io.BufferedReader) -> str:
    is_utf16 = raw.peek(2).startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return "utf-16" if is_utf16 else "utf-8-sig"


def _csv_header(table: Path, path: Path) -> tuple[str, tuple[str, ...]]:
    """Return the separator that makes most columns of the first row, and these columns' names."""
    try:
        with table.open(encoding="utf-8", newline="\n") as file:
            rows = {separator: _first_row(file, separator) for separator in _SEPARATORS}
    except csv.Error as error:
        raise UsageError(f"{path} has no readable first row: {error}.", REMEDY) from error
    separator = max(_SEPARATORS, key=lambda separator: len(rows[separator]))
    header = tuple(name.strip() for name in rows[separator])
    if not any(header):
        raise NothingFoundError(f"{path} does not begin with the names of its columns.", REMEDY)
    if len(header) == 1:
        raise UsageError(f"{path} has a single column: {header[0][:80]!r}.", REMEDY)
    return separator, header


def _first_row(file: IO[str], separator: str) -> list[str]:
    file.seek(0)
    return next(csv.reader(file, delimiter=separator), [])
