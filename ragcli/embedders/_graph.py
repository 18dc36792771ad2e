"""Builds the ONNX graph of a BERT encoder, mean pooling and unit length from its weights: no torch, no export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from ragcli.embedders._weights import Layout
    from ragcli.protocols import Vectors

OPSET: Final = 20  # the first with Gelu
IR_VERSION: Final = 9  # what came with that opset; onnxruntime refuses newer ones than its own


class _Graph:
    """Nodes and initializers as they are added; each method returns the name of what it made."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def constant(self, name: str, array: Any) -> str:
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, operator: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        output = name or f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output


def build(layout: Layout, tensors: dict[str, Vectors]) -> bytes:
    """The model as bytes. ids (batch, length) int64 and mask (batch, length) float32, 1 where a token is, to
    vectors (batch, dim), unit, and states (batch, length, dim) of the last layer."""
    graph = _Graph()
    graph.constant("word", tensors["embeddings.word_embeddings.weight"])
    positions = tensors["embeddings.position_embeddings.weight"] + tensors["embeddings.token_type_embeddings.weight"][0]
    graph.constant("positions", positions)
    for name, numbers in {"zero": [0], "one": [1], "axes": [1, 2]}.items():
        graph.constant(name, np.array(numbers, np.int64))
    graph.constant("split", np.array([layout.dim] * 3, np.int64))
    graph.constant("to_heads", np.array([0, 0, layout.heads, layout.dim // layout.heads], np.int64))
    graph.constant("to_rows", np.array([0, 0, layout.dim], np.int64))
    length = graph.add("Shape", "ids", start=1, end=2)
    seen = graph.add("Slice", "positions", "zero", length, "zero")
    x = graph.add("Add", graph.add("Gather", "word", "ids"), seen)
    x = _norm(graph, layout, tensors, x, "embeddings.LayerNorm")
    absent = graph.add("Sub", "mask", graph.constant("present", np.float32(1)))
    bias = graph.add("Mul", absent, graph.constant("far", np.float32(1e9)))
    bias = graph.add("Unsqueeze", bias, "axes")
    for number in range(layout.layers):
        at = f"encoder.layer.{number}"
        mixed = _attend(graph, layout, tensors, (x, bias), f"{at}.attention")
        x = _norm(graph, layout, tensors, graph.add("Add", mixed, x), f"{at}.attention.output.LayerNorm")
        inner = graph.add("Gelu", _linear(graph, tensors, x, f"{at}.intermediate.dense"))
        inner = _linear(graph, tensors, inner, f"{at}.output.dense")
        x = _norm(graph, layout, tensors, graph.add("Add", inner, x), f"{at}.output.LayerNorm")
    _pool(graph, x)
    return _serialised(graph, layout)


def _attend(graph: _Graph, layout: Layout, tensors: dict[str, Vectors], x_bias: tuple[str, str], name: str) -> str:
    """Query, key and value are one product; the scale is in the query's weights."""
    x, bias = x_bias
    scale = np.float32((layout.dim // layout.heads) ** -0.5)
    scales = {"query": scale, "key": np.float32(1), "value": np.float32(1)}
    weight = [tensors[f"{name}.self.{part}.weight"] * by for part, by in scales.items()]
    offset = [tensors[f"{name}.self.{part}.bias"] * by for part, by in scales.items()]
    product = graph.add("MatMul", x, graph.constant(f"{name}.weight", np.concatenate(weight).T))
    product = graph.add("Add", product, graph.constant(f"{name}.bias", np.concatenate(offset)))
    parts = [f"{name}.{part}" for part in scales]
    graph.nodes.append(helper.make_node("Split", [product, "split"], parts, axis=2))
    query, key, value = (
        graph.add("Transpose", graph.add("Reshape", part, "to_heads"), perm=order)
        for part, order in zip(parts, ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]), strict=True)
    )
    shares = graph.add("Softmax", graph.add("Add", graph.add("MatMul", query, key), bias), axis=-1)
    mixed = graph.add("Transpose", graph.add("MatMul", shares, value), perm=[0, 2, 1, 3])
    return _linear(graph, tensors, graph.add("Reshape", mixed, "to_rows"), f"{name}.output.dense")


def _linear(graph: _Graph, tensors: dict[str, Vectors], x: str, name: str) -> str:
    product = graph.add("MatMul", x, graph.constant(f"{name}.weight", tensors[f"{name}.weight"].T))
    return graph.add("Add", product, graph.constant(f"{name}.bias", tensors[f"{name}.bias"]))


def _norm(graph: _Graph, layout: Layout, tensors: dict[str, Vectors], x: str, name: str) -> str:
    scale = graph.constant(f"{name}.weight", tensors[f"{name}.weight"])
    bias = graph.constant(f"{name}.bias", tensors[f"{name}.bias"])
    return graph.add("LayerNormalization", x, scale, bias, axis=-1, epsilon=layout.epsilon)


def _pool(graph: _Graph, x: str) -> None:
    """The sum over tokens is enough: unit length takes the division by their number away."""
    graph.add("Identity", x, name="states")
    kept = graph.add("Mul", x, graph.add("Unsqueeze", "mask", graph.constant("last", np.array([2], np.int64))))
    total = graph.add("ReduceSum", kept, "one", keepdims=0)
    graph.add("LpNormalization", total, name="vectors", axis=-1, p=2)


def _serialised(graph: _Graph, layout: Layout) -> bytes:
    rows: list[str | int] = ["batch", "length"]
    inputs = [
        helper.make_tensor_value_info("ids", TensorProto.INT64, rows),
        helper.make_tensor_value_info("mask", TensorProto.FLOAT, rows),
    ]
    outputs = [
        helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["batch", layout.dim]),
        helper.make_tensor_value_info("states", TensorProto.FLOAT, [*rows, layout.dim]),
    ]
    whole = helper.make_graph(graph.nodes, "bert", inputs, outputs, graph.weights)
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    serialised: bytes = model.SerializeToString(deterministic=True)
    return serialised
