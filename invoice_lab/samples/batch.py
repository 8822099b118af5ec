"""A whole batch of scans, written to a folder with its truth."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from random import Random
from typing import Any

import PIL
from PIL import Image

from invoice_lab.errors import UsageError
from invoice_lab.samples.business import make_invoices
from invoice_lab.samples.fonts import check_fonts
from invoice_lab.samples.troubles import NO_INVOICE, PLAIN, PLAIN_SCAN, TROUBLES, truth_of
from invoice_lab.samples.truth import Record, chance, to_jsonl

VERSION = 1
"""Raise it whenever the same seed gives other bytes, so that folders drawn before are drawn anew."""
TRUTH, MANIFEST = "truth.jsonl", ".drawn.json"
SHARE_OF_TROUBLES = 0.08
MOST = 10_000
COMPRESS_LEVEL, JPEG_QUALITY = 3, 85

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class PlannedScan:
    """One scan before it is drawn: what to draw, what is true of it, which trouble befell it, whence its chance."""

    drawn: Record
    truth: Record
    kind: str
    seed: str

    def encode(self) -> bytes:
        """Draw the scan and return the bytes of its file; the same plan gives the same bytes."""
        trouble = TROUBLES.get(self.kind, PLAIN_SCAN)
        return _encode(trouble.draw(self.drawn, chance("draw", self.seed)), trouble.suffix)


def draw_samples(folder: Path | str, *, count: int = 300, seed: int = 2026, progress: Progress | None = None) -> Path:
    """Draw a seeded batch of look-alike invoices of both layouts and write down what is true of them.

    A second call with the same arguments writes nothing anew; files that are missing or damaged are drawn again,
    files of an earlier batch in this folder are removed.

    Parameters
    ----------
    folder : Path or str
        Where to write; made if need be. It must be empty or hold a batch drawn before.
    count : int, optional
        How many scans, 1 to 10,000. About 8 % of them are difficult or wrong.
    seed : int, optional
        The seed of all chance: the same one gives the same bytes.
    progress : callable, optional
        Called with the number of scans done and the number of all.

    Returns
    -------
    Path
        The ``truth.jsonl`` in the folder: a record a scan, ordered by file; ``expected`` is what a reader should say.

    Raises
    ------
    UsageError
        `count` or `seed` can't be, or the folder holds other files.
    MissingToolError
        A font or Raqm is missing.
    """
    folder = Path(folder)
    _check_arguments(folder, count, seed)
    check_fonts()
    scans = plan_batch(count, seed)
    recipe = {"version": VERSION, "pillow": PIL.__version__, "count": count, "seed": seed}
    before = _open_folder(folder)
    known = before["files"] if before["recipe"] == recipe else {}
    files: dict[str, str] = {scan.truth["file"]: known.get(scan.truth["file"], "") for scan in scans}
    if files != before["files"]:
        _write(folder / MANIFEST, _manifest(recipe, {**dict.fromkeys(before["files"], ""), **files}))
    for done, scan in enumerate(scans, start=1):
        files[scan.truth["file"]] = _draw_unless_there(folder / scan.truth["file"], scan, files[scan.truth["file"]])
        if progress:
            progress(done, len(scans))
    for name in sorted(set(before["files"]) - set(files)):
        _remove(folder, name)
    _write(folder / TRUTH, to_jsonl(scan.truth for scan in scans).encode())
    _write(folder / MANIFEST, _manifest(recipe, files))
    return folder / TRUTH


def plan_batch(count: int, seed: int) -> list[PlannedScan]:
    """Plan the scans of a batch, ordered by file name; nothing is drawn yet."""
    rng = chance("batch", seed)
    kinds = list(islice(cycle(TROUBLES), round(count * SHARE_OF_TROUBLES)))
    extras = [kind for kind in kinds if TROUBLES[kind].extra]
    invoices = make_invoices(count - len(extras), seed)
    dealt = _deal([kind for kind in kinds if not TROUBLES[kind].extra], invoices, rng)
    named = [
        (record, dealt.get(n, PLAIN), _file_name(record, dealt.get(n, PLAIN), rng)) for n, record in enumerate(invoices)
    ]
    healthy = [record for n, record in enumerate(invoices) if n not in dealt]
    for n, kind in enumerate(extras, start=1):
        original = rng.choice(healthy)
        named.append(
            (original, kind, f"other/{'IMG' if kind == NO_INVOICE else 'scan'}_{n:04d}{TROUBLES[kind].suffix}")
        )
    return [_plan(record, kind, name, seed) for record, kind, name in sorted(named, key=lambda scan: scan[2])]


def _deal(kinds: list[str], invoices: list[Record], rng: Random) -> dict[int, str]:
    """Choose for each trouble an invoice of a layout that it can befall, if there is one left."""
    dealt: dict[int, str] = {}
    for kind in kinds:
        free = [n for n, record in enumerate(invoices) if n not in dealt and record["layout"] in TROUBLES[kind].layouts]
        if free:
            dealt[rng.choice(free)] = kind
    return dealt


def _file_name(record: Record, kind: str, rng: Random) -> str:
    """Name the file like the real ones: the digits at the end mean nothing."""
    stem = (record["invoice_id"] or "").replace("/", "_")
    digits = rng.randrange(10_000, 9_999_999) if record["layout"] == "fac-2019" else f"{rng.randrange(1000):03d}"
    return f"{(record['layout'] or '')[-4:]}/{stem}-{digits}{TROUBLES.get(kind, PLAIN_SCAN).suffix}"


def _plan(record: Record, kind: str, name: str, seed: int) -> PlannedScan:
    drawn, truth = truth_of(record, kind, chance("edit", seed, name))
    truth["file"] = name
    return PlannedScan(drawn, truth, kind, f"{seed} {name}")


def _check_arguments(folder: Path, count: int, seed: int) -> None:
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST:
        raise UsageError(f"A batch can't have {count!r} scans.", f"Give a whole number from 1 to {MOST}.")
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise UsageError(f"{seed!r} can't be a seed.", "Give a whole number.")
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file, not a folder.", "Name a new or empty folder.")


def _open_folder(folder: Path) -> dict[str, Any]:
    """Return the manifest of the folder; refuse a folder of files that were not drawn here."""
    empty: dict[str, Any] = {"recipe": None, "files": {}}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return {"recipe": manifest["recipe"], "files": dict(manifest["files"])}
    except FileNotFoundError:
        if any(folder.iterdir()):
            raise UsageError(
                f"{folder} holds files that are no sample batch; made-up scans are not put among them.",
                "Name a new or empty folder.",
            ) from None
        return empty
    except (ValueError, KeyError, TypeError):
        return empty
    except OSError as error:
        raise UsageError(f"{folder} can't be written: {error.strerror}.", "Name another folder.") from None


def _manifest(recipe: dict[str, Any], files: dict[str, str]) -> bytes:
    return (json.dumps({"recipe": recipe, "files": files}, indent=0) + "\n").encode()


def _draw_unless_there(path: Path, scan: PlannedScan, sha256: str) -> str:
    """Write the scan unless the file is there with these very bytes; return their sha256."""
    if sha256 and path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
        return sha256
    data = scan.encode()
    path.parent.mkdir(exist_ok=True)
    _write(path, data)
    return hashlib.sha256(data).hexdigest()


def _remove(folder: Path, name: str) -> None:
    """Remove a file of an earlier batch; a manifest that names files elsewhere is not followed."""
    path = folder / name
    if path.resolve().is_relative_to(folder.resolve()):
        path.unlink(missing_ok=True)


def _encode(image: Image.Image, suffix: str) -> bytes:
    buffer = io.BytesIO()
    if suffix == ".jpg":
        image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    else:
        image.save(buffer, "PNG", compress_level=COMPRESS_LEVEL)
    return buffer.getvalue()


def _write(path: Path, data: bytes) -> None:
    """Write beside the file, then switch: a reader sees the old bytes or the new, never half of them.

    No fsync: what a power cut spoils, the next call draws again.
    """
    if path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data:
        return
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".drawing-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
