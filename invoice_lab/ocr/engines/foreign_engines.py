"""The engines that run in environments of their own: RapidOCR, EasyOCR, docTR, Donut."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from invoice_lab.errors import MissingToolError, UsageError
from invoice_lab.ocr.engines.environments import Environment
from invoice_lab.ocr.engines.subprocess_engine import SubprocessEngine


@dataclass(frozen=True)
class Weights:
    """Trained weights that no registry has and the user brings.

    Attributes
    ----------
    variable : str
        The environment variable that names their folder.
    option : str
        The worker's name for that folder.
    files : tuple of tuple of str
        What the folder has to hold: of each inner tuple (patterns) at least one.
    remedy : str
        What to put there.
    """

    variable: str
    option: str
    files: tuple[tuple[str, ...], ...]
    remedy: str

    def folder(self, engine: str) -> Path:
        """Return the folder, or tell what is missing in it.

        Raises
        ------
        MissingToolError
            Where the variable is not set or the folder has not the files.
        """
        named = os.environ.get(self.variable)
        if not named:
            raise MissingToolError(f"{engine} has no weights: {self.variable} is not set.", self.remedy)
        folder = Path(named).expanduser().resolve()
        lacking = [one for one in self.files if not any(next(folder.glob(p), None) for p in one)]
        if lacking:
            wanted = ", ".join(" or ".join(one) for one in lacking)
            raise MissingToolError(f"{engine} has no weights: {folder} ({self.variable}) lacks {wanted}.", self.remedy)
        return folder


@dataclass(frozen=True)
class ForeignEngine:
    """How to get and start one of these engines; an instance is an entry point of ``invoice_lab.engines``.

    Attributes
    ----------
    environment : Environment
    package : str
        The package whose version is the engine's.
    weights : Weights, optional
        What the user has to bring.
    """

    environment: Environment
    package: str
    weights: Weights | None = None
    _started: list[SubprocessEngine] = field(default_factory=list, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The engine's name."""
        return self.environment.name

    @property
    def where(self) -> str:
        """Where the engine is, or would be."""
        return str(self.environment.folder)

    def probe(self) -> str:
        """Return the version, without starting the engine.

        Raises
        ------
        MissingToolError
            Where environment or weights are missing.
        """
        self._options()
        return f"{self.package} {self.environment.version(self.package)}"

    def __call__(self) -> SubprocessEngine:
        """Return this process's engine."""
        if not self._started:
            self._started.append(SubprocessEngine(self.name, self.environment.python, self._options()))
        return self._started[0]

    def _options(self) -> dict[str, str]:
        if not self.environment.is_made():
            raise MissingToolError(
                f"The environment of {self.name} is not there ({self.where}).",
                f"Make it ({self.environment.size:g} GB): {self.environment.command}",
            )
        return {self.weights.option: str(self.weights.folder(self.name))} if self.weights else {}


RAPIDOCR = ForeignEngine(Environment("rapidocr", 0.4), "rapidocr")
EASYOCR = ForeignEngine(Environment("easyocr", 6.1), "easyocr")
DOCTR = ForeignEngine(
    Environment("doctr", 0.7),
    "onnxtr",
    Weights(
        "INVOICE_LAB_DOCTR_WEIGHTS",
        "weights",
        (("*fast_*.onnx", "*db_*.onnx", "*linknet_*.onnx"),
         ("*crnn_*.onnx", "*parseq*.onnx", "*vitstr_*.onnx", "*sar_*.onnx", "*master*.onnx", "*viptr_*.onnx")),
        "Get a detection and a recognition model of OnnxTR's releases, such as rep_fast_base-*.onnx and "
        "crnn_vgg16_bn-*.onnx, put both files into one folder, and name it with INVOICE_LAB_DOCTR_WEIGHTS.",
    ),
)  # fmt: skip
DONUT = ForeignEngine(
    Environment("donut", 5.8),
    "transformers",
    Weights(
        "INVOICE_LAB_DONUT_MODEL",
        "model",
        (("config.json",), ("*.safetensors", "pytorch_model*.bin"), ("tokenizer.json",), ("preprocessor_config.json",)),
        "Get a Donut model (such as donut-base, or one tuned to your documents) as a folder with config.json, "
        "model.safetensors, tokenizer.json and preprocessor_config.json, and name it with INVOICE_LAB_DONUT_MODEL.",
    ),
)

FOREIGN = {engine.name: engine for engine in (RAPIDOCR, EASYOCR, DOCTR, DONUT)}
"""By name, the smallest first."""


def environments_of(names: Sequence[str]) -> list[Environment]:
    """Return the environments of the engines named, of all without names.

    Raises
    ------
    UsageError
        For an engine that has none.
    """
    others = [name for name in names if name not in FOREIGN]
    if others:
        known = ", ".join(FOREIGN)
        near = difflib.get_close_matches(others[0], FOREIGN, n=1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        raise UsageError(f"{others[0]!r} is no engine with an environment of its own.", f"{hint}Those are: {known}.")
    return [FOREIGN[name].environment for name in names or FOREIGN]
