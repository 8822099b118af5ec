"""Environments of their own: made by pip from a hashed lock, once; and what is told where something is missing."""

import hashlib
import re
import threading
import zipfile

import pytest

from invoice_lab.errors import MissingToolError
from invoice_lab.ocr.engines import environments, foreign_engines
from invoice_lab.ocr.engines.environments import LOCKS, Environment, engines_dir
from invoice_lab.ocr.engines.foreign_engines import FOREIGN, ForeignEngine, Weights

NOT_TO_BE_HAD = "no-such-package==1.0 --hash=sha256:" + "0" * 64 + "\n"


@pytest.fixture
def small(tmp_path, monkeypatch):
    """An environment whose lock lists no package, in a folder of its own; pip reaches no index."""
    monkeypatch.setenv("INVOICE_LAB_ENGINES", str(tmp_path / "the engines"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setattr(environments, "LOCKS", tmp_path)
    (tmp_path / "small.lock").write_text("# nothing\n")
    return Environment("small", 0.1)


def test_is_made_once(small):
    said = []
    small.make(said.append)
    assert small.is_made()
    assert small.python.exists()
    (line,) = said
    assert str(small.folder) in line
    assert "0.1 GB" in line
    small.make(said.append)
    assert len(said) == 1


def test_a_changed_lock_makes_it_anew(small):
    small.make(print)
    (small.folder / "left over").touch()
    small.lock.write_text("# changed\n")
    assert not small.is_made()
    small.make(print)
    assert small.is_made()
    assert not (small.folder / "left over").exists()


def test_two_at_once_make_it_once(small):
    said = []
    makers = [threading.Thread(target=small.make, args=(said.append,)) for _ in range(2)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert len(said) == 1


def test_what_pip_cannot_get_is_told_and_nothing_half_made_counts(small):
    small.lock.write_text(NOT_TO_BE_HAD)
    with pytest.raises(MissingToolError, match=r"could not install the packages of small: .*no-such-package") as error:
        small.make(print)
    assert error.value.remedy.endswith("make engines ENGINES=small")
    assert not small.is_made()


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """A wheel that pip finds without an index."""
    path = tmp_path / "wheels" / "tiny-1.0-py3-none-any.whl"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tiny.py", "")
        archive.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_FIND_LINKS", str(path.parent))
    return path


def test_a_package_is_installed_where_its_hash_fits(small, wheel):
    small.lock.write_text(f"tiny==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    small.make(print)
    assert small.version("tiny") == "1.0"
    with pytest.raises(ImportError):
        __import__("tiny")


@pytest.mark.parametrize("given", ["tiny==1.0", "tiny==1.0 --hash=sha256:" + "0" * 64])
def test_a_package_without_its_hash_is_refused(small, wheel, given):
    small.lock.write_text(given + "\n")
    with pytest.raises(MissingToolError, match=r"(?i)hashes"):
        small.make(print)
    assert not small.is_made()


def test_a_disk_that_is_too_small_is_told_with_numbers(small):
    with pytest.raises(MissingToolError, match=r"huge needs 1500000\.0 GB on the disk of .*; \d+\.\d GB are free"):
        Environment("huge", 1e6).make(print)
    assert not small.folder.exists()


def test_where_the_environments_are(monkeypatch, tmp_path):
    monkeypatch.delenv("INVOICE_LAB_ENGINES", raising=False)
    assert engines_dir().name == ".engines"
    monkeypatch.setattr(environments, "is_checkout", lambda: False)
    assert engines_dir().parts[-2:] == ("invoice_lab", "engines")
    assert Environment("small", 0.1).command == "invoice-lab engines --install small"
    monkeypatch.setenv("INVOICE_LAB_ENGINES", str(tmp_path))
    assert engines_dir() == tmp_path


class TestMissing:
    @pytest.fixture
    def brings_weights(self, small, wheel):
        small.lock.write_text(f"tiny==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
        weights = Weights("SMALL_WEIGHTS", "weights", (("a*.bin", "b*.bin"), ("c.json",)), "Get a*.bin and c.json.")
        return ForeignEngine(small, "tiny", weights)

    def test_the_environment(self, brings_weights):
        with pytest.raises(MissingToolError, match="environment of small is not there") as error:
            brings_weights()
        assert error.value.remedy == "Make it (0.1 GB): make engines ENGINES=small"

    def test_the_variable(self, brings_weights, small, monkeypatch):
        small.make(print)
        monkeypatch.delenv("SMALL_WEIGHTS", raising=False)
        with pytest.raises(MissingToolError, match="SMALL_WEIGHTS is not set") as error:
            brings_weights.probe()
        assert error.value.remedy == "Get a*.bin and c.json."

    def test_a_file(self, brings_weights, small, monkeypatch, tmp_path):
        small.make(print)
        monkeypatch.setenv("SMALL_WEIGHTS", str(tmp_path))
        (tmp_path / "c.json").touch()
        with pytest.raises(MissingToolError, match=r"lacks a\*\.bin or b\*\.bin\."):
            brings_weights.probe()
        (tmp_path / "b1.bin").touch()
        assert brings_weights.probe() == "tiny 1.0"


@pytest.mark.parametrize("name", FOREIGN)
class TestLocks:
    def test_every_package_is_pinned_and_hashed_and_there_is_no_address(self, name):
        text = (LOCKS / f"{name}.lock").read_text()
        entries = [block for block in re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE) if block[0] != "#"]
        assert len(entries) > 10
        assert [entry for entry in entries if not re.match(r"[a-z0-9-]+==\S+ .*\\\n +--hash=sha256:", entry)] == []
        assert "://" not in text
        assert "index-url" not in re.sub("--no-emit-index-url", "", text)

    def test_what_is_asked_for_is_locked(self, name):
        asked = re.findall(r"^([a-z-]+)(?:\[.*\])?[>=]=", (LOCKS / f"{name}.in").read_text(), flags=re.MULTILINE)
        text = (LOCKS / f"{name}.lock").read_text()
        assert asked
        assert [package for package in [*asked, FOREIGN[name].package] if f"\n{package}==" not in text] == []

    def test_opencv_is_the_headless_one_or_none(self, name):
        found = re.findall(r"^(opencv[a-z-]*)==", (LOCKS / f"{name}.lock").read_text(), flags=re.MULTILINE)
        assert set(found) <= {"opencv-python-headless"}


def test_the_engine_of_a_process_is_started_once(monkeypatch, small):
    started = []
    monkeypatch.setattr(foreign_engines, "SubprocessEngine", lambda *arguments: started.append(arguments) or "engine")
    small.make(print)
    engine = ForeignEngine(small, "pip")
    assert (engine(), engine()) == ("engine", "engine")
    assert started == [("small", small.python, {})]
