"""Make tiny models in docTR's file format: ``.engines/doctr/bin/python make_doctr_weights.py <folder>``.

The detector calls everything dark a word, with what is near it sideways; the recogniser has random weights and a bias
so strong that it always reads "Tiny".
"""

import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save
from onnxtr.models.recognition.models.crnn import default_cfgs

STEPS = 8


def write(path, nodes, weights, shape_in, shape_out):
    """Write a model of one input and one output."""
    ends = [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("input", shape_in), ("output", shape_out))
    ]
    graph = helper.make_graph(nodes, path.stem, ends[:1], ends[1:], [numpy_helper.from_array(*w) for w in weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    save(model, path)


def detector(path):
    nodes = [
        helper.make_node("ReduceMean", ["input"], ["grey"], axes=[1], keepdims=1),
        helper.make_node("Neg", ["grey"], ["dark"]),
        helper.make_node("MaxPool", ["dark"], ["near"], kernel_shape=[9, 41], pads=[4, 20, 4, 20], strides=[1, 1]),
        helper.make_node("Mul", ["near", "four"], ["output"]),
    ]
    weights = [(np.array(4, np.float32), "four")]
    write(path, nodes, weights, ["n", 3, 1024, 1024], ["n", 1, 1024, 1024])


def recogniser(path):
    vocabulary = default_cfgs["crnn_vgg16_bn"]["vocab"]
    classes = len(vocabulary) + 1
    random = np.random.default_rng(2026)
    bias = np.zeros((STEPS, classes), np.float32)
    bias[np.arange(0, STEPS, 2), [vocabulary.index(one) for one in "Tiny"]] = 12
    bias[np.arange(1, STEPS, 2), -1] = 12  # blanks between the letters
    nodes = [
        helper.make_node("GlobalAveragePool", ["input"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("Gemm", ["flat", "random", "bias"], ["scores"]),
        helper.make_node("Reshape", ["scores", "shape"], ["output"]),
    ]
    weights = [
        (random.normal(size=(3, STEPS * classes)).astype(np.float32), "random"),
        (bias.ravel(), "bias"),
        (np.array([-1, STEPS, classes], np.int64), "shape"),
    ]
    write(path, nodes, weights, ["n", 3, 32, 128], ["n", STEPS, classes])


if __name__ == "__main__":
    detector(Path(sys.argv[1]) / "db_resnet50-tiny.onnx")
    recogniser(Path(sys.argv[1]) / "crnn_vgg16_bn-tiny.onnx")
