"""Scans that make their workers misbehave, by their names: spawned processes load what `install` leaves them."""

import json
import os

NAMES = {
    "deadly.png": "os._exit(9)",
    "endless.png": "time.sleep(600)",
    "greedy.png": "bytearray(3_000_000_000)",
    "killed-once.png": "killed_once()",
}
PATCH = """
import os, pathlib, time
from invoice_lab.ocr import read
real = read.Reader.read
acts = json.loads(acts_text)
folder = pathlib.Path(folder_text)

def killed_once():
    try:
        (folder / "was-killed").touch(exist_ok=False)
    except FileExistsError:
        return
    os.kill(os.getpid(), 9)

def unruly(self, scan):
    with (folder / "readings.txt").open("a") as file:
        file.write(scan.name + "\\n")
    if scan.name in acts:
        exec(acts[scan.name])
    return real(self, scan)

read.Reader.read = unruly
"""


def install(folder, monkeypatch, acts=NAMES):
    """Let processes that are started from now on misbehave; return a function that tells what they read so far."""
    head = f"import json\nacts_text = {json.dumps(acts)!r}\nfolder_text = {str(folder)!r}\n"
    (folder / "sitecustomize.py").write_text(head + PATCH)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")])))
    return lambda: (folder / "readings.txt").read_text().split()
