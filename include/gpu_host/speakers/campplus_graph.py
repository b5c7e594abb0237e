"""Builds CAM++ as an ONNX graph from the arrays of its state dict.

The network is that of Wang et al., "CAM++: A Fast and Efficient Network for Speaker Verification Using
Context-Aware Masking" (Interspeech 2023, arXiv 2303.00332), as 3D-Speaker publishes it: a small residual
network over the spectrogram, three blocks of densely connected time-delay layers, each masked by its context,
mean and deviation over time, and a projection to 192 values.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Arrays = Mapping[str, NDArray[Any]]

MEL_BINS = 80
EMBEDDING = 192
# The context of a layer is a mean over segments of 100 frames after the first layer's stride of 2. Up to so
# many frames of input it is one segment, and the graph needs no more than a mean.
MOST_FRAMES = 200
_OPSET = 17
_EPSILON = 1e-5
# Kernel and dilation of the layers of each block.
_BLOCKS = ((3, 1), (3, 2), (3, 2))


def campplus_model(arrays: Arrays) -> onnx.ModelProto:
    """The network: `features` (batch, frames, 80), at most `MOST_FRAMES`, to `embedding` (batch, 192)."""
    graph = _Graph(arrays)
    last = _pooled_and_projected(graph, _dense_blocks(graph, _head(graph)))
    made = helper.make_graph(
        [*graph.nodes, helper.make_node("Identity", [last], ["embedding"])],
        "campplus",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", "frames", MEL_BINS])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", EMBEDDING])],
        graph.constants,
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=9)
    onnx.checker.check_model(model)
    return model


class _Graph:
    """Nodes and constants so far; each method adds some and returns the name of their result."""

    def __init__(self, arrays: Arrays) -> None:
        self._arrays = arrays
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def has(self, name: str) -> bool:
        return name in self._arrays

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        output = f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def constant(self, values: NDArray[Any]) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def convolution(self, said: str, layer: str, **attributes: Any) -> str:
        parts = [f"{layer}.{part}" for part in ("weight", "bias") if self.has(f"{layer}.{part}")]
        return self.add("Conv", said, *(self.constant(self._arrays[part]) for part in parts), **attributes)

    def normalised(self, said: str, layer: str) -> str:
        """Batch normalisation with what was learned; the last one of the network has no scale of its own."""
        mean, variance = self._arrays[f"{layer}.running_mean"], self._arrays[f"{layer}.running_var"]
        scale, bias = np.ones_like(mean), np.zeros_like(mean)
        if self.has(f"{layer}.weight"):
            scale, bias = self._arrays[f"{layer}.weight"], self._arrays[f"{layer}.bias"]
        values = [self.constant(part) for part in (scale, bias, mean, variance)]
        return self.add("BatchNormalization", said, *values, epsilon=_EPSILON)

    def activated(self, said: str, layer: str) -> str:
        return self.add("Relu", self.normalised(said, layer))


def _head(graph: _Graph) -> str:
    """Residual layers over mel bins and time; (batch, 320, frames): bins become channels in the end."""
    said = graph.add("Unsqueeze", graph.add("Transpose", "features", perm=[0, 2, 1]), _axes(graph, 1))
    said = graph.activated(_two_dimensional(graph, said, "head.conv1"), "head.bn1")
    for layer in ("head.layer1", "head.layer2"):
        said = _residual(graph, said, f"{layer}.0", stride=2)
        said = _residual(graph, said, f"{layer}.1", stride=1)
    said = graph.activated(_two_dimensional(graph, said, "head.conv2", stride=2), "head.bn2")
    return graph.add("Reshape", said, graph.constant(np.array([0, 320, -1], dtype=np.int64)))


def _two_dimensional(graph: _Graph, said: str, layer: str, stride: int = 1) -> str:
    return graph.convolution(said, layer, kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[stride, 1])


def _residual(graph: _Graph, said: str, layer: str, stride: int) -> str:
    inner = graph.activated(_two_dimensional(graph, said, f"{layer}.conv1", stride), f"{layer}.bn1")
    inner = graph.normalised(_two_dimensional(graph, inner, f"{layer}.conv2"), f"{layer}.bn2")
    if graph.has(f"{layer}.shortcut.0.weight"):
        said = graph.convolution(said, f"{layer}.shortcut.0", kernel_shape=[1, 1], strides=[stride, 1])
        said = graph.normalised(said, f"{layer}.shortcut.1")
    return graph.add("Relu", graph.add("Add", inner, said))


def _dense_blocks(graph: _Graph, said: str) -> str:
    said = graph.convolution(said, "xvector.tdnn.linear", kernel_shape=[5], pads=[2, 2], strides=[2])
    said = graph.activated(said, "xvector.tdnn.nonlinear.batchnorm")
    for number, (kernel, dilation) in enumerate(_BLOCKS, start=1):
        layer = 1
        while graph.has(f"xvector.block{number}.tdnnd{layer}.linear1.weight"):
            name = f"xvector.block{number}.tdnnd{layer}"
            said = graph.add("Concat", said, _dense_layer(graph, said, name, kernel, dilation), axis=1)
            layer += 1
        said = graph.activated(said, f"xvector.transit{number}.nonlinear.batchnorm")
        said = graph.convolution(said, f"xvector.transit{number}.linear", kernel_shape=[1])
    return graph.activated(said, "xvector.out_nonlinear.batchnorm")


def _dense_layer(graph: _Graph, said: str, layer: str, kernel: int, dilation: int) -> str:
    said = graph.activated(said, f"{layer}.nonlinear1.batchnorm")
    said = graph.convolution(said, f"{layer}.linear1", kernel_shape=[1])
    said = graph.activated(said, f"{layer}.nonlinear2.batchnorm")
    reach = (kernel - 1) // 2 * dilation
    local = graph.convolution(
        said,
        f"{layer}.cam_layer.linear_local",
        kernel_shape=[kernel],
        pads=[reach, reach],
        dilations=[dilation],
    )
    # The mean of all, and the mean of its segment, of which there is one.
    context = graph.add("ReduceMean", said, axes=[2], keepdims=1)
    context = graph.add("Add", context, context)
    context = graph.add("Relu", graph.convolution(context, f"{layer}.cam_layer.linear1", kernel_shape=[1]))
    mask = graph.add("Sigmoid", graph.convolution(context, f"{layer}.cam_layer.linear2", kernel_shape=[1]))
    return graph.add("Mul", local, mask)


def _pooled_and_projected(graph: _Graph, said: str) -> str:
    """Mean and deviation (of a sample) over time, projected."""
    mean = graph.add("ReduceMean", said, axes=[2], keepdims=1)
    off = graph.add("Sub", said, mean)
    total = graph.add("ReduceSum", graph.add("Mul", off, off), _axes(graph, 2), keepdims=1)
    frames = graph.add("Gather", graph.add("Shape", said), graph.constant(np.array(2, dtype=np.int64)))
    others = graph.add("Sub", frames, graph.constant(np.array(1, dtype=np.int64)))
    variance = graph.add("Div", total, graph.add("Cast", others, to=TensorProto.FLOAT))
    pooled = graph.add("Concat", mean, graph.add("Sqrt", variance), axis=1)
    said = graph.convolution(pooled, "xvector.dense.linear", kernel_shape=[1])
    said = graph.normalised(said, "xvector.dense.nonlinear.batchnorm")
    return graph.add("Squeeze", said, _axes(graph, 2))


def _axes(graph: _Graph, axis: int) -> str:
    return graph.constant(np.array([axis], dtype=np.int64))
