"""Small ONNX models made for tests: what the reference models do not have."""

from __future__ import annotations

from onnx import TensorProto, checker, helper, save

RAGGED = """\
name: ragged
task: regression
engine: onnx
reproducible: false
queue: {request_rows: 6}
inputs:
  - {name: tracks, shape: [3, 2], ragged: {maximum: 3}}
  - {name: bias}
outputs:
  - {name: sum}
"""
LOOKUP = """\
name: lookup
task: regression
engine: onnx
inputs:
  - {name: place, type: int64, range: [0, 3]}
outputs:
  - {name: found}
"""


def write_graph(path, nodes, inputs, outputs, constants=()):
    """An ONNX artefact; inputs and outputs are (name, type, shape)."""
    values = [[helper.make_tensor_value_info(*entry) for entry in row] for row in (inputs, outputs)]
    graph = helper.make_graph(nodes, "graph", *values, list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    path.parent.mkdir(parents=True)
    save(model, str(path))


def write_small_models(folder):
    """`ragged` sums the tracks of an event and adds its bias; `lookup` reads a table."""
    number, whole = TensorProto.FLOAT, TensorProto.INT64
    axes = helper.make_tensor("axes", whole, [2], [1, 2])
    write_graph(
        folder / "ragged" / "1" / "model.onnx",
        [
            helper.make_node("ReduceSum", ["tracks", "axes"], ["total"], keepdims=0),
            helper.make_node("Add", ["total", "bias"], ["sum"]),
        ],
        [("tracks", number, ["events", 3, 2]), ("bias", number, ["events"])],
        [("sum", number, ["events"])],
        [axes],
    )
    write_graph(
        folder / "lookup" / "1" / "model.onnx",
        [helper.make_node("Gather", ["table", "place"], ["found"])],
        [("place", whole, ["events"])],
        [("found", number, ["events"])],
        [helper.make_tensor("table", number, [4], [0.0, 10.0, 20.0, 30.0])],
    )
    (folder / "ragged" / "model.yaml").write_text(RAGGED)
    (folder / "lookup" / "model.yaml").write_text(LOOKUP)
