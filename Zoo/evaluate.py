"""Measures the reference models on the test split and compares them with their targets.

    python evaluate.py data/test.npz

Ends with status 1 when a target is missed.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import xgboost

from dataset.events import Kind
from train import data
from train.ranking import area_under_curve
from train.running import batch_dependent_outputs, run, session

COLUMNS = [*data.FEATURES, "hits", "true_x", "true_y", "kind"]
ANOMALY_TARGETS = {
    "kinematic-neighbours": {Kind.WALL_LEAKAGE: 0.8, Kind.ACCIDENTAL_COINCIDENCE: 0.9},
    "pattern-autoencoder": {Kind.UNRESOLVED_DOUBLE_SCATTER: 0.99, Kind.HOT_PMT: 0.99},
}
"""AUC that each anomaly model must reach for the kinds that show in its input."""


def root_mean_square(residual):
    """Root of the mean square, in the unit of the residual."""
    return np.sqrt(np.mean(np.square(residual, dtype=np.float64)))


def er_nr_figures(models, columns):
    """AUC of NR against ER for the tree and the network."""
    normal = columns["kind"] <= Kind.NR
    features, is_nr = data.features(columns)[normal], columns["kind"][normal] == Kind.NR
    booster = xgboost.Booster({"nthread": 1}, model_file=models / "er-nr-tree/1/model.json")
    tree = booster.predict(
        xgboost.DMatrix(features, feature_names=data.FEATURES, nthread=1), output_margin=True)
    network = run(session(models / "er-nr-mlp/1/model.onnx"), features)["margin"]
    for name, margin in (("er-nr-tree", tree), ("er-nr-mlp", network)):
        yield f"{name}: AUC NR/ER", area_under_curve(margin[is_nr], margin[~is_nr]), ">=", 0.996


def position_figures(models, columns):
    """Residuals and raw interval coverage of the position network on ER and NR."""
    normal = columns["kind"] <= Kind.NR
    found = run(session(models / "position-cnn/1/model.onnx"), columns["hits"][normal])
    for axis in "xy":
        true_mm = columns[f"true_{axis}"][normal]
        yield (f"position-cnn: rms {axis} (mm)", root_mean_square(found[axis] - true_mm),
               "<=", 12.0)
        inside = (found[f"{axis}_low"] <= true_mm) & (true_mm <= found[f"{axis}_high"])
        yield f"position-cnn: {axis} inside 5-95 % interval", inside.mean(), None, None


def anomaly_figures(models, columns):
    """AUC of each anomaly against ER and NR, by each anomaly model."""
    inputs, kind = network_inputs(columns), columns["kind"]
    for model, targets in ANOMALY_TARGETS.items():
        score = run(session(models / model / "1/model.onnx"), inputs[model])["score"]
        for anomaly in (kind for kind in Kind if kind > Kind.NR):
            target = targets.get(anomaly)
            name = anomaly.name.lower().replace("_", " ")
            yield (f"{model}: AUC {name}",
                   area_under_curve(score[kind == anomaly], score[kind <= Kind.NR]),
                   ">=" if target else None, target)


def network_inputs(columns):
    """What each ONNX model takes of all events."""
    features, hits = data.features(columns), columns["hits"]
    return {"er-nr-mlp": features, "position-cnn": hits, "kinematic-neighbours": features,
            "pattern-autoencoder": hits}


def invariance_figures(models, columns):
    """Whether each ONNX model gives an event the same bits in every batch."""
    for name, events in network_inputs(columns).items():
        variant = batch_dependent_outputs(models / name / "1/model.onnx", events)
        yield f"{name}: outputs that depend on the batch", len(variant), "<=", 0


def verdict(value, relation, target):
    """'met', 'MISSED', or nothing where there is no target."""
    if relation is None:
        return ""
    return "met" if (value >= target if relation == ">=" else value <= target) else "MISSED"


def main():
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog="Status 1 when a target is missed.")
    parser.add_argument("data", type=Path, help="the test split, test.npz")
    parser.add_argument("--models", type=Path, default=Path(__file__).parent / "models",
                        help="folder of the models (default: %(default)s)")
    options = parser.parse_args()
    columns = data.load(options.data, COLUMNS)
    missed = 0
    for figures in (er_nr_figures, position_figures, anomaly_figures, invariance_figures):
        for name, value, relation, target in figures(options.models, columns):
            result = verdict(value, relation, target)
            missed += result == "MISSED"
            goal = f"{relation} {target:g}" if relation else ""
            print(f"{name:54} {value:10.5f}  {goal:9} {result}", flush=True)
    if missed:
        sys.exit(1)


if __name__ == "__main__":
    main()
