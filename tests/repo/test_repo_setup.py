"""`.ci/setup`, run for real in a copy; Python, dpkg, apt and sudo are stand-ins that note how they were called."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from project import ROOT

PYTHON = """#!/bin/sh
# a Python that can only do what setup asks of it
echo "python $*" >>"$LOG"
case "$*" in
-V) echo "Python $VERSION.4" ;;
*"import ensurepip"*) exit "${NO_VENV:-0}" ;;
"-m venv --clear .venv") rm -rf .venv && mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
*"requirements.lock"*) exit "${PIP_FAILS:-0}" ;;
esac
"""
DPKG = """#!/bin/sh
shift 2
for name in "$@"; do
    case " $MISSING " in *" $name "*) ;; *) case "$name" in *t64) ;; *) echo "install ok installed" ;; esac ;; esac
done
"""
STAND_INS = {
    "python3": PYTHON,
    "dpkg-query": DPKG,
    "apt-get": '#!/bin/sh\necho "apt-get $*" >>"$LOG"\nexit "${APT_FAILS:-0}"\n',
    "sudo": '#!/bin/sh\n[ "$SUDO" = yes ] || exit 1\n[ "$1" = -n ] && shift\necho "sudo $*" >>"$LOG"\nexec "$@"\n',
    "id": '#!/bin/sh\necho "${UID_IS:-0}"\n',
    "tesseract": "#!/bin/sh\nexit 1\n",
    "chromium": "#!/bin/sh\necho Chromium 1\n",
}


@dataclass
class Machine:
    """A made-up machine with a checkout on it."""

    checkout: Path
    bin: Path
    log: Path

    def setup(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run `.ci/setup` with the environment's variables added."""
        self.log.write_text("")
        environment = {
            "PATH": f"{self.bin}:/usr/bin:/bin",
            "LOG": str(self.log),
            "VERSION": "3.12",
            "MISSING": "",
            **variables,
        }
        return subprocess.run(
            [self.checkout / ".ci" / "setup", *arguments],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def calls(self, program: str) -> list[str]:
        """Return how `program` was called in the last run, but for questions after its version."""
        lines = [line for line in self.log.read_text().splitlines() if not line.endswith(" -V")]
        return [line.removeprefix(f"{program} ") for line in lines if line.startswith(f"{program} ")]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    checkout, programs = tmp_path / "a check out", tmp_path / "bin"
    (checkout / ".ci").mkdir(parents=True)
    programs.mkdir()
    for name in (".ci/setup", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, checkout / name)
    for name, text in STAND_INS.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    return Machine(checkout, programs, tmp_path / "log")


def test_makes_the_environment_once(machine: Machine):
    assert machine.setup().returncode == 0
    steps = machine.calls("python")
    assert steps[1] == "-m venv --clear .venv"
    assert "--require-hashes -r requirements.lock" in steps[2]
    assert "--no-deps --no-build-isolation -e ." in steps[3]
    assert machine.calls("apt-get") == []

    again = machine.setup()
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert machine.calls("python") == machine.calls("apt-get") == []


def test_a_changed_lock_makes_it_anew(machine: Machine):
    machine.setup()
    with (machine.checkout / "requirements.lock").open("a") as file:
        file.write("# changed\n")
    machine.setup()
    assert "-m venv --clear .venv" in machine.calls("python")


def test_a_changed_pyproject_installs_only_the_package(machine: Machine):
    machine.setup()
    with (machine.checkout / "pyproject.toml").open("a") as file:
        file.write("# changed\n")
    machine.setup()
    installs = [call for call in machine.calls("python") if call.startswith("-m")]
    assert len(installs) == 1
    assert installs[0].endswith("-e .")


def test_a_checkout_that_moved_is_made_anew(machine: Machine):
    machine.setup()
    machine.checkout = machine.checkout.rename(machine.checkout.with_name("else where"))
    machine.setup()
    assert "-m venv --clear .venv" in machine.calls("python")


def test_an_interrupted_installation_is_done_again(machine: Machine):
    failed = machine.setup(PIP_FAILS="1")
    assert failed.returncode == 69
    assert "pip could not install requirements.lock" in failed.stderr
    assert machine.setup().returncode == 0
    assert "-m venv --clear .venv" in machine.calls("python")


def test_another_python_makes_it_anew(machine: Machine):
    machine.setup()
    machine.setup(PYTHON=str(machine.bin / "python3"), VERSION="3.13")
    assert "-m venv --clear .venv" in machine.calls("python")


@pytest.mark.parametrize("version", ["2.7", "3.10", "3.14"])
def test_another_version_of_python_is_refused(machine: Machine, version: str):
    result = machine.setup(PYTHON=str(machine.bin / "python3"), VERSION=version)
    assert result.returncode == 69
    assert "is no Python 3.11, 3.12 or 3.13" in result.stderr


def test_root_installs_only_what_is_missing(machine: Machine):
    assert machine.setup(MISSING="tesseract-ocr-fra fonts-lato").returncode == 0
    assert machine.calls("apt-get")[-1].endswith("install -y --no-install-recommends tesseract-ocr-fra fonts-lato")
    assert machine.calls("sudo") == []


def test_a_user_with_sudo_uses_it(machine: Machine):
    assert machine.setup(MISSING="libgl1", UID_IS="1000", SUDO="yes").returncode == 0
    assert "env DEBIAN_FRONTEND=noninteractive apt-get" in machine.calls("sudo")[-1]
    assert machine.calls("apt-get")[-1].endswith("libgl1")


def test_a_user_without_sudo_is_told_the_exact_command(machine: Machine):
    result = machine.setup(MISSING="tesseract-ocr-fra libgl1", UID_IS="1000", SUDO="no")
    assert result.returncode == 69
    assert "sudo apt-get install -y tesseract-ocr-fra libgl1\n" in result.stderr
    assert machine.calls("apt-get") == []
    assert not (machine.checkout / ".venv").exists()


def test_a_failing_apt_is_told_with_the_exact_command(machine: Machine):
    result = machine.setup(MISSING="fonts-lato", APT_FAILS="100")
    assert result.returncode == 69
    assert "apt-get install -y fonts-lato\n" in result.stderr


def test_the_venv_package_is_named_by_version(machine: Machine):
    machine.setup(NO_VENV="1")
    assert machine.calls("apt-get")[-1].endswith(" python3.12-venv")


def test_a_library_renamed_for_64_bit_time_counts(machine: Machine):
    (machine.bin / "dpkg-query").write_text(DPKG.replace("*t64) ;;", "never) ;;"))
    assert machine.setup(MISSING="libglib2.0-0").returncode == 0
    assert machine.calls("apt-get") == []


def test_tesseract_of_another_origin_counts(machine: Machine):
    (machine.bin / "tesseract").write_text("#!/bin/sh\nprintf 'List\\neng\\nfra\\nosd\\n'\n")
    machine.setup(MISSING="tesseract-ocr tesseract-ocr-eng tesseract-ocr-fra")
    assert machine.calls("apt-get") == []


def test_the_tests_get_the_browser_that_is_there(machine: Machine):
    assert machine.setup("--tests").returncode == 0
    assert (machine.checkout / ".venv" / ".browser").read_text().strip() == str(machine.bin / "chromium")


def test_the_tests_get_rapidocr(machine: Machine):
    machine.setup("--tests", INVOICE_LAB_ENGINES="elsewhere")
    assert machine.calls("python")[-1] == ".venv/bin/invoice-lab engines --install rapidocr"
    machine.setup()
    assert machine.calls("python") == []


def test_a_named_browser_must_run(machine: Machine):
    result = machine.setup("--tests", INVOICE_LAB_BROWSER=str(machine.bin / "none"))
    assert result.returncode == 69
    assert "does not run" in result.stderr
    assert machine.setup("--tests", INVOICE_LAB_BROWSER=str(machine.bin / "chromium")).returncode == 0


def test_an_unknown_argument_is_refused(machine: Machine):
    result = machine.setup("--test")
    assert result.returncode == 69
    assert "--tests" in result.stderr


def test_the_second_run_is_quick(machine: Machine):
    machine.setup()
    clock = os.times().elapsed
    machine.setup()
    assert os.times().elapsed - clock < 2, "measured 0.03 s on an idle machine; generous for a busy one"
