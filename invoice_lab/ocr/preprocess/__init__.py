"""Pre-processing for OCR engines: named steps, each taken only where the page's measured quality asks for it."""

from invoice_lab.ocr.preprocess.picture import Upright, crop_to_ink, enlarge
from invoice_lab.ocr.preprocess.quality import Quality
from invoice_lab.ocr.preprocess.steps import ARRIVED, Stage, Step, as_scanned, load_steps, stages, upright

__all__ = [
    "ARRIVED",
    "Quality",
    "Stage",
    "Step",
    "Upright",
    "as_scanned",
    "crop_to_ink",
    "enlarge",
    "load_steps",
    "stages",
    "upright",
]
