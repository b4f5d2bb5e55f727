"""Models of several members made for tests, and events that they were not quite made for."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper

from small_models import write_graph

MEMBERS = 3
CLASSES = ("alpha", "beta", "gamma")
SHARES = (0.7, 0.24, 0.06)
EDGES = [-0.5, 0.8]

# Of raps.
PENALTY = "\n      penalty: 0.2\n      free_ranks: 1"

PARTICLES = """\
name: {name}
task: classes
engine: onnx
batching: {{maximum_rows: 16, delay_microseconds: 0}}
inputs:
  - name: x
    shape: [2]
    range: [-4, 4]
    nonfinite: flag
    features: [{{name: first}}, {{name: second}}]
outputs:
  - {{name: probabilities, shape: [3]}}
  - {{name: members, shape: [3, 3]}}
uncertainty:
  required: false
  coverage: 0.9
  outputs:
    - output: {output}
      method: {method}{penalty}
      truth: particle
      bins: {{input: x, feature: second, edges: [-0.5, 0.8]}}
      classes: [{{name: alpha, labels: [10]}}, {{name: beta, labels: [20]}},
                {{name: gamma, labels: [30]}}]
"""

ENERGY = """\
name: energy
task: regression
engine: onnx
batching: {maximum_rows: 16, delay_microseconds: 0}
inputs:
  - name: x
    shape: [2]
    range: [-4, 4]
    features: [{name: first}, {name: second}]
outputs:
  - {name: energy, shape: [3], unit: keV}
  - {name: sigma, shape: [3], unit: keV}
uncertainty:
  required: false
  coverage: 0.9
  outputs:
    - output: energy
      method: ensemble
      sigma: sigma
      truth: true_energy
      bins: {input: x, feature: second, edges: [-0.5, 0.8]}
truths: {}
"""


def particles(name, method, output="probabilities", penalty=""):
    """A manifest."""
    return PARTICLES.format(name=name, method=method, output=output, penalty=penalty)


def write_particles(folder, name, manifest, seed=3):
    """Members whose logits are linear; their softmax is too sure of itself."""
    random = np.random.default_rng(seed)
    centres = np.array([[0, 0], [1.5, 0.5], [-0.5, 2]])
    weights = 2.5 * (centres[None] + random.normal(0, 0.2, (MEMBERS, 3, 2)))
    biases = -1.25 * (centres**2).sum(1)[None] + random.normal(0, 0.2, (MEMBERS, 3))
    number, whole = TensorProto.FLOAT, TensorProto.INT64
    write_graph(
        folder / name / "1" / "model.onnx",
        [
            helper.make_node("MatMul", ["x", "weights"], ["products"]),
            helper.make_node("Add", ["products", "biases"], ["logits"]),
            helper.make_node("Reshape", ["logits", "shape"], ["by_member"]),
            helper.make_node("Softmax", ["by_member"], ["members"], axis=2),
            helper.make_node("ReduceMean", ["members"], ["probabilities"], axes=[1], keepdims=0),
        ],
        [("x", number, ["events", 2])],
        [("probabilities", number, ["events", 3]), ("members", number, ["events", 3, 3])],
        [
            helper.make_tensor("weights", number, [2, 9], weights.reshape(9, 2).T.ravel()),
            helper.make_tensor("biases", number, [9], biases.ravel()),
            helper.make_tensor("shape", whole, [3], [-1, 3, 3]),
        ],
    )
    (folder / name / "model.yaml").write_text(manifest)


def write_energy(folder, seed=4):
    """Members that are linear, each with a scale of its own."""
    random = np.random.default_rng(seed)
    number = TensorProto.FLOAT
    write_graph(
        folder / "energy" / "1" / "model.onnx",
        [
            helper.make_node("MatMul", ["x", "slopes"], ["energy"]),
            helper.make_node("MatMul", ["x", "rates"], ["logs"]),
            helper.make_node("Exp", ["logs"], ["sigma"]),
        ],
        [("x", number, ["events", 2])],
        [("energy", number, ["events", 3]), ("sigma", number, ["events", 3])],
        [
            helper.make_tensor("slopes", number, [2, 3], random.normal(1, 0.1, 6)),
            helper.make_tensor("rates", number, [2, 3], random.normal(0.2, 0.05, 6)),
        ],
    )
    (folder / "energy" / "model.yaml").write_text(ENERGY)


def particle_events(events, seed):
    """Columns `x` and `particle`: three clouds, the third rare."""
    random = np.random.default_rng(seed)
    label = random.choice(3, events, p=SHARES)
    centres = np.array([[0, 0], [1.5, 0.5], [-0.5, 2]])
    x = (centres[label] + random.normal(0, 1, (events, 2))).astype("f4")
    return {"x": x, "particle": 10.0 * (label + 1), "event_id": np.arange(events) + 1000 * seed}


def energy_events(events, seed):
    """Columns `x` and `true_energy`, whose noise grows along the second component."""
    random = np.random.default_rng(seed)
    x = random.normal(0, 1, (events, 2)).astype("f4")
    noise = np.exp(0.3 * x[:, 1]) * random.standard_t(5, events)
    return {"x": x, "true_energy": x.sum(1) + 0.7 * noise}


def uniforms(seed, ids):
    """What events draw: the first word of Philox at their id, as numpy makes it."""
    words = [
        int(np.random.Philox(key=seed, counter=(int(id) - 1) % 2**256).random_raw()) for id in ids
    ]
    return np.array([(word >> 11) * 2.0**-53 for word in words])


def class_scores(method, probabilities, u):
    """Scores of every class from the formulas, in double precision; those of raps by PENALTY."""
    p = probabilities.astype(float)
    if method == "lac":
        return 1 - p
    order = np.argsort(-p, axis=1, kind="stable")
    ranked = np.take_along_axis(p, order, 1)
    scores = np.cumsum(ranked, 1) - ranked + u[:, None] * ranked
    if method == "raps":
        scores += 0.2 * np.maximum(0, np.arange(1, p.shape[1] + 1) - 1)
    back = np.empty_like(scores)
    np.put_along_axis(back, order, scores, 1)
    return back
