"""Reference models on the full test set, beside their targets: python evaluate.py TEST.npz.

Fails when a target is missed, or when a row's bits depend on its batch.
"""

import argparse
import sys

import numpy as np
import onnxruntime
import xgboost

from training.data import DOUBLE, ER, HOT, NR, auc, features, load, normal

BATCHES = (1, 2, 3, 7, 16, 64, 256, 1024)


def session(name: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(f"models/{name}/1/model.onnx", options)


def run(model: onnxruntime.InferenceSession, x: np.ndarray) -> dict[str, np.ndarray]:
    """Outputs by name, in batches of 1,024."""
    name = model.get_inputs()[0].name
    parts = [model.run(None, {name: x[at : at + 1024]}) for at in range(0, len(x), 1024)]
    names = [output.name for output in model.get_outputs()]
    return {name: np.concatenate(column) for name, column in zip(names, zip(*parts))}


def is_batch_invariant(model: onnxruntime.InferenceSession, x: np.ndarray) -> bool:
    """Whether the first 1,024 rows have the same bits at every batch size."""
    reference = run(model, x[:1024])
    name = model.get_inputs()[0].name
    for batch in BATCHES:
        for at in range(0, 1024 - batch + 1, max(batch, 64)):
            for output, found in zip(reference, model.run(None, {name: x[at : at + batch]})):
                if not np.array_equal(reference[output][at : at + batch], found):
                    return False
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("test", help="the test split, an .npz file")
    columns = load(parser.parse_args().test)
    ordinary = normal(columns)
    x, hits = features(ordinary), ordinary["hits"]
    is_nr = ordinary["kind"] == NR
    booster = xgboost.Booster(model_file="models/er-nr-tree/1/model.json")
    margins = booster.inplace_predict(x, predict_type="margin")
    mlp, cnn, autoencoder = (
        session(name) for name in ("er-nr-mlp", "position-cnn", "pattern-autoencoder")
    )
    scores = run(mlp, x)["margin"]
    position = run(cnn, hits)
    strange = {
        kind: run(autoencoder, columns["hits"][columns["kind"] == kind])["score"]
        for kind in (DOUBLE, HOT)
    }
    plain = run(autoencoder, hits)["score"]
    rows = [
        ("er-nr-tree AUC", auc(margins[is_nr], margins[~is_nr]), ">=", 0.996),
        ("er-nr-mlp AUC", auc(scores[is_nr], scores[~is_nr]), ">=", 0.996),
        ("position-cnn rms x [mm]", rms(position["x"] - ordinary["true_x"]), "<=", 12.0),
        ("position-cnn rms y [mm]", rms(position["y"] - ordinary["true_y"]), "<=", 12.0),
        ("pattern-autoencoder AUC double scatter", auc(strange[DOUBLE], plain), ">=", 0.99),
        ("pattern-autoencoder AUC hot PMT", auc(strange[HOT], plain), ">=", 0.99),
    ]
    for name, model, sample in (
        ("er-nr-mlp", mlp, x), ("position-cnn", cnn, hits),
        ("pattern-autoencoder", autoencoder, hits),
    ):
        rows.append((f"{name} same bits in every batch", float(is_batch_invariant(model, sample)), ">=", 1.0))
    missed = 0
    for name, value, relation, target in rows:
        is_met = value >= target if relation == ">=" else value <= target
        missed += not is_met
        print(f"{name:45s} {value:9.5f}  {relation} {target:<6} {'met' if is_met else 'MISSED'}")
    return 1 if missed else 0


def rms(residual: np.ndarray) -> float:
    return float(np.sqrt(np.mean(residual.astype(np.float64) ** 2)))


if __name__ == "__main__":
    sys.exit(main())
