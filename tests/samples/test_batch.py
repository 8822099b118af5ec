"""A whole batch: equal bytes from equal seeds, true truth, all troubles, refusal of bad calls."""

from __future__ import annotations

import ast
import contextlib
import datetime
import io
import json
import os
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from PIL import Image

from invoice_lab import samples
from invoice_lab.errors import UsageError
from invoice_lab.samples import batch, draw_samples
from invoice_lab.samples.troubles import TROUBLES

COUNT = 36
WRONG_SUM = {"total-wrong", "quantity-changed"}


def read(truth: Path) -> list[dict]:
    return [json.loads(line) for line in truth.read_text(encoding="utf-8").splitlines()]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    draw_samples(folder, count=COUNT, seed=5)
    return folder


@pytest.fixture(scope="module")
def plan():
    return batch.plan_batch(300, 2026)


@pytest.fixture(scope="module")
def of_kind(plan):
    return {scan.kind: scan for scan in plan}


def test_same_seed_same_bytes_also_in_another_process(small: Path, tmp_path: Path) -> None:
    code = f"import sys; from invoice_lab.samples import draw_samples; draw_samples(sys.argv[1], count={COUNT}, seed=5)"
    environment = {**os.environ, "PYTHONHASHSEED": "77"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "new")], check=True, env=environment)
    assert contents(tmp_path / "new") == contents(small)


def test_other_seed_other_pages(small: Path, tmp_path: Path) -> None:
    draw_samples(tmp_path, count=COUNT, seed=6)
    pictures = {data for name, data in contents(tmp_path).items() if name.endswith("png")}
    assert not pictures & {data for name, data in contents(small).items() if name.endswith("png")}


def test_files_are_those_of_the_truth_in_order(small: Path) -> None:
    names = [record["file"] for record in read(small / "truth.jsonl")]
    assert len(names) == COUNT
    assert names == sorted(names)
    assert set(contents(small)) == {*names, "truth.jsonl", ".drawn.json"}
    for name in names:
        with Image.open(small / name) as image:
            assert image.format == ("JPEG" if name.endswith(".jpg") else "PNG")
            assert not set(image.info) & {"date", "Software", "exif", "Comment"}


def test_second_call_draws_nothing_and_mends_what_is_damaged(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, drawn = contents(small), []
    encode = batch.PlannedScan.encode
    monkeypatch.setattr(batch.PlannedScan, "encode", lambda scan: drawn.append(scan.truth["file"]) or encode(scan))
    times = {path: path.stat().st_mtime_ns for path in small.rglob("*")}
    steps = []
    draw_samples(small, count=COUNT, seed=5, progress=lambda done, total: steps.append((done, total)))
    assert drawn == []
    assert {path: path.stat().st_mtime_ns for path in small.rglob("*")} == times
    assert steps == [(n, COUNT) for n in range(1, COUNT + 1)]
    names = [name for name in before if name.endswith(".png")]
    (small / names[0]).write_bytes(before[names[0]][:100])
    (small / names[1]).unlink()
    draw_samples(small, count=COUNT, seed=5)
    assert drawn == names[:2]
    assert contents(small) == before


def test_another_batch_in_the_same_folder_replaces_the_old_one(tmp_path: Path) -> None:
    draw_samples(tmp_path, count=4, seed=1)
    truth = draw_samples(tmp_path, count=3, seed=2)
    assert set(contents(tmp_path)) == {*(record["file"] for record in read(truth)), "truth.jsonl", ".drawn.json"}


def test_interrupted_run_is_finished_by_the_next(tmp_path: Path, small: Path) -> None:
    class StopError(Exception):
        pass

    def stop(done: int, _total: int) -> None:
        if done == 5:
            raise StopError

    with pytest.raises(StopError):
        draw_samples(tmp_path, count=COUNT, seed=5, progress=stop)
    assert not (tmp_path / "truth.jsonl").exists(), "the truth comes last"
    draw_samples(tmp_path, count=COUNT, seed=5)
    assert contents(tmp_path) == contents(small)


def test_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "real.png").write_bytes(b"real")
    with pytest.raises(UsageError, match="no sample batch"):
        draw_samples(tmp_path, count=2)
    assert contents(tmp_path) == {"real.png": b"real"}


def test_manifest_that_names_files_elsewhere_removes_none(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("keep")
    folder = tmp_path / "batch"
    draw_samples(folder, count=1)
    (folder / ".drawn.json").write_text(json.dumps({"recipe": None, "files": {"../precious.txt": ""}}))
    draw_samples(folder, count=1)
    assert (tmp_path / "precious.txt").exists()


@pytest.mark.parametrize(
    "arguments", [{"count": 0}, {"count": -3}, {"count": 2.5}, {"count": True}, {"count": 10_001}, {"seed": "x"}]
)
def test_arguments_that_cannot_be_are_refused(tmp_path: Path, arguments: dict) -> None:
    with pytest.raises(UsageError):
        draw_samples(tmp_path / "new", **arguments)
    assert not (tmp_path / "new").exists()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("x")
    with pytest.raises(UsageError, match="not a folder"):
        draw_samples(path, count=1)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="can't be written"):
        draw_samples(tmp_path / "file" / "below", count=1)


@pytest.mark.parametrize("text", ["", "[]", '{"recipe": 1}', '{"recipe": null, "files": 3}'])
def test_a_broken_manifest_is_written_anew(tmp_path: Path, text: str) -> None:
    draw_samples(tmp_path, count=1)
    before = contents(tmp_path)
    (tmp_path / ".drawn.json").write_text(text)
    draw_samples(tmp_path, count=1)
    assert contents(tmp_path) == before


def test_300_scans_hold_every_trouble_and_about_8_percent_of_them(plan) -> None:
    kinds = Counter(scan.kind for scan in plan)
    assert len(plan) == 300
    assert kinds["plain"] == 276
    assert set(kinds) == {"plain", *TROUBLES}
    for scan in plan:
        expected = scan.truth["expected"]
        assert expected["kind"] == (None if scan.kind == "plain" else scan.kind)
        if scan.kind == "plain":
            assert (expected["status"], expected["finding"]) == ("accepted", None)


def test_truth_has_the_keys_of_the_real_one(plan) -> None:
    keys = ["file", "layout", "invoice_id", "issued_at", "customer", "lines", "total", "qr", "expected"]
    own = {"fac-2019": {"number", "category"}, "fac-2018": {"gender", "birth_date"}}
    for scan in plan:
        assert list(scan.truth) == keys
        if scan.truth["layout"]:
            assert set(scan.truth["customer"]) == {"name", "email", "address"} | own[scan.truth["layout"]]


def test_sums_are_right_but_where_they_are_meant_not_to_be(plan) -> None:
    for scan in plan:
        if scan.truth["lines"] is None:
            continue
        total = sum(line["quantity"] * Decimal(line["unit_price"]) for line in scan.truth["lines"])
        assert (total == Decimal(scan.truth["total"])) == (scan.kind not in WRONG_SUM), scan.truth["file"]


def test_header_and_qr_code_agree_but_where_they_are_meant_not_to(plan) -> None:
    for scan in plan:
        truth = scan.truth
        if truth["qr"]:
            agree = f"INVOICE:{truth['invoice_id']}\n" in truth["qr"], f"\nDATE:{truth['issued_at']}\n" in truth["qr"]
            differ = {"id-changed": (False, True), "date-changed": (True, False), "header-missing": (False, False)}
            assert agree == differ.get(scan.kind, (True, True)), truth["file"]


def test_duplicate_is_an_invoice_of_the_batch_in_other_bytes(plan, of_kind) -> None:
    copy = of_kind["duplicate"]
    same = [scan for scan in plan if scan.truth["invoice_id"] == copy.truth["invoice_id"]]
    assert {scan.kind for scan in same} >= {"plain", "duplicate"}
    original = next(scan for scan in same if scan.kind == "plain")
    assert {**original.truth, "file": "", "expected": ""} == {**copy.truth, "file": "", "expected": ""}
    assert original.encode() != copy.encode()


def test_no_invoice_has_null_fields(of_kind) -> None:
    truth = of_kind["no-invoice"].truth
    assert {key: value for key, value in truth.items() if value is not None} == {
        "file": truth["file"],
        "expected": {"status": "rejected", "finding": "no-invoice", "kind": "no-invoice"},
    }


def test_no_invoice_is_a_picture_without_a_code_and_each_time_another(plan) -> None:
    pictures = [scan.encode() for scan in plan if scan.kind == "no-invoice"]
    assert len(set(pictures)) == len(pictures) == 2
    with Image.open(io.BytesIO(pictures[0])) as image:
        assert (image.format, image.size) == ("JPEG", (1024, 768))
        assert len(image.getcolors(maxcolors=1 << 20)) > 1000
        assert zxingcpp.read_barcode(np.asarray(image)) is None


def test_birth_date_of_the_trouble_is_impossible(of_kind) -> None:
    truth = of_kind["birth-date-impossible"].truth
    born = truth["customer"]["birth_date"]
    assert f"birth {born}\n" in truth["qr"]
    with contextlib.suppress(ValueError):
        assert datetime.date.fromisoformat(born) > datetime.date.fromisoformat(truth["issued_at"][:10])


def decode(data: bytes) -> str | None:
    """Read the QR code as well as anybody could: plain, then enlarged and sharpened by thresholding."""
    with Image.open(io.BytesIO(data)) as image:
        picture = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA")).convert("L")
    crop = picture.crop((500, 0, min(720, picture.width), 200))
    large = crop.resize((crop.width * 3, crop.height * 3), Image.Resampling.BICUBIC)
    for attempt in (
        crop,
        large,
        *(large.point(lambda v, limit=limit: 255 * (v > limit)) for limit in range(60, 220, 20)),
    ):
        found = zxingcpp.read_barcode(np.asarray(attempt))
        if found is not None:
            return found.text
    return None


@pytest.mark.parametrize("kind", [kind for kind in TROUBLES if kind not in ("no-invoice", "qr-unreadable")])
def test_qr_code_of_every_trouble_can_be_decoded(of_kind, kind: str) -> None:
    assert decode(of_kind[kind].encode()) == of_kind[kind].truth["qr"]


@pytest.mark.parametrize("seed", range(8))
def test_blurred_qr_codes_can_be_decoded_and_unreadable_ones_not(of_kind, seed: int) -> None:
    from dataclasses import replace

    blurred, spoiled = (replace(of_kind[kind], seed=str(seed)) for kind in ("qr-blurred", "qr-unreadable"))
    assert decode(blurred.encode()) == blurred.truth["qr"]
    assert decode(spoiled.encode()) is None
    assert spoiled.truth["qr"] is spoiled.truth["customer"]["number"] is None


def test_rotated_pages_lose_nothing_at_the_edges(of_kind) -> None:
    with Image.open(io.BytesIO(of_kind["rotated"].encode())) as image:
        ink = np.asarray(image.convert("L")) < 128
    assert image.width > 850
    assert not ink[:3].any()
    assert not ink[:, :3].any()


def test_samples_import_nothing_that_reads() -> None:
    own = ("invoice_lab.errors", "invoice_lab.samples", "invoice_lab.ocr.layouts")
    for path in Path(samples.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [name.name for name in node.names] if isinstance(node, ast.Import) else []
            for module in modules:
                assert not module.startswith("invoice_lab") or module.startswith(own), f"{path.name}: {module}"
                assert module.split(".")[0] not in {"cv2", "tesserocr", "pytesseract", "zxingcpp", "faker"}
