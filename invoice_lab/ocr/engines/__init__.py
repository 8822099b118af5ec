"""OCR engines behind one protocol, found by entry point, loaded when they are asked for."""

from __future__ import annotations

from invoice_lab.ocr.engines.base import Hint, OcrEngine, Word
from invoice_lab.ocr.engines.line_cache import Line, LineCache, RememberingEngine
from invoice_lab.ocr.engines.registry import (
    AUTO,
    EngineState,
    engine_names,
    engine_state,
    engine_states,
    load_engine,
)

__all__ = [
    "AUTO",
    "EngineState",
    "Hint",
    "Line",
    "LineCache",
    "OcrEngine",
    "RememberingEngine",
    "Word",
    "engine_names",
    "engine_state",
    "engine_states",
    "load_engine",
]
