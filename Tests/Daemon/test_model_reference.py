"""Config/model.yaml, the page of every manifest key, is a manifest, and it names every key."""

import re

import numpy as np
import onnx
from onnx import TensorProto, helper

from daemon import ROOT, Daemon

TEXT = (ROOT / "Config" / "model.yaml").read_text()


def write_artefact(path):
    """Takes what the example states: energy is the sum of all pulses and tracks of an event."""
    def events(name, *shape):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["events", *shape])

    axes = [("one", [1]), ("both", [1, 2])]
    graph = helper.make_graph(
        [
            helper.make_node("ReduceSum", ["pulses", "one"], ["pulse"], keepdims=0),
            helper.make_node("ReduceSum", ["tracks", "both"], ["track"], keepdims=0),
            helper.make_node("Add", ["pulse", "track"], ["energy"]),
            helper.make_node("Neg", ["energy"], ["low"]),
            helper.make_node("Abs", ["energy"], ["high"]),
        ],
        "energy",
        [events("pulses", 3), events("tracks", 16, 2)],
        [events("energy"), events("low"), events("high")],
        [helper.make_tensor(name, TensorProto.INT64, [len(at)], at) for name, at in axes],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)


def test_the_example_serves_and_wants_its_calibration(tmp_path):
    (tmp_path / "energy" / "1").mkdir(parents=True)
    (tmp_path / "energy" / "model.yaml").write_text(TEXT)
    write_artefact(tmp_path / "energy" / "1" / "model.onnx")
    with Daemon(tmp_path).start(wait=False) as running, running.client(timeout=30) as client:
        tracks = vigil_rows([[[1, 2]], [], [[3, 4], [5, 6]]])
        pulses = np.array([[1, 2, 3], [4, 5, 6], [7, np.nan, 9]], "f4")
        scores = client.score("energy", {"pulses": pulses, "tracks": tracks}, raw=True)
        np.testing.assert_array_equal(scores.outputs["energy"].value, [9, 15, np.nan])
        (reason,) = client.status().reasons
        assert "calibration is required" in reason


def vigil_rows(events):
    """Ragged content: an array of two columns an event."""
    return [np.array(rows, "f4").reshape(-1, 2) for rows in events]


def test_every_key_that_the_readers_know_stands_in_the_page():
    sources = ROOT / "Sources" / "Catalog"
    readers = "".join(path.read_text() for path in sources.glob("*Reader.swift"))
    keys = set(re.findall(r'(?:take|require)\("(\w+)"\)|companion\("(\w+)"', readers))
    names = {first or second for first, second in keys}
    assert len(names) > 35
    assert sorted(name for name in names if not re.search(rf"\b{name}:", TEXT)) == []
