"""Models whose data have another spectrum than the simulation that calibrates them."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper

from small_models import write_graph

EDGES = [round(0.1 * place, 1) for place in range(1, 10)]

MANIFEST = """\
name: {name}
task: regression
engine: onnx
batching: {{maximum_rows: 64, delay_microseconds: 0}}
inputs:
  - name: x
    shape: [2]
    features: [{{name: first}}, {{name: second}}]
outputs:
  - {{name: energy, unit: keV}}
uncertainty:
  required: false
  outputs:
    - output: energy
      method: absolute
      truth: true_energy
{rest}
"""
DOMAIN = """\
name: domain
task: binary
engine: onnx
batching: {maximum_rows: 64, delay_microseconds: 0}
inputs:
  - name: x
    shape: [2]
    features: [{name: first}, {name: second}]
outputs:
  - {name: margin}
uncertainty:
  required: false
  outputs:
    - output: margin
      method: platt
      truth: is_data
      classes: [{name: simulation, labels: [0]}, {name: data, labels: [1]}]
"""


def events(count, seed, is_data):
    """The truth scatters in proportion to `second`, which the data have more of.

    Densities 0.2 + 1.6 second and 0.2 + 1.6 (1 - second).
    """
    random = np.random.default_rng(seed)
    root = np.sqrt(random.random(count))
    shifted = root if is_data else 1 - root
    second = np.where(random.random(count) < 0.8, shifted, random.random(count))
    x = np.stack([random.random(count), second], 1).astype("f4")
    noise = random.standard_normal(count) * (0.05 + x[:, 1])
    return {"x": x, "true_energy": x[:, 0] + noise, "is_data": np.full(count, float(is_data))}


def write_model(folder, name, manifest):
    """An energy that is the first component, or the logarithm of the densities' ratio."""
    number, whole = TensorProto.FLOAT, TensorProto.INT64
    place = 1 if name == "domain" else 0
    nodes = [helper.make_node("Gather", ["x", "place"], ["taken"], axis=1)]
    if name == "domain":
        nodes += [
            helper.make_node("Add", ["taken", "base"], ["likely"]),
            helper.make_node("Sub", ["whole", "taken"], ["rest"]),
            helper.make_node("Div", ["likely", "rest"], ["odds"]),
            helper.make_node("Log", ["odds"], ["margin"]),
        ]
    else:
        nodes += [helper.make_node("Identity", ["taken"], ["energy"])]
    write_graph(
        folder / name / "1" / "model.onnx",
        nodes,
        [("x", number, ["events", 2])],
        [("margin" if name == "domain" else "energy", number, ["events"])],
        [
            helper.make_tensor("place", whole, [], [place]),
            helper.make_tensor("base", number, [], [0.125]),
            helper.make_tensor("whole", number, [], [1.125]),
        ],
    )
    (folder / name / "model.yaml").write_text(manifest)
