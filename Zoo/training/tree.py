"""ER/NR tree ensemble: python -m training.tree TRAIN.npz MODEL.json."""

import sys

import xgboost

from .data import FEATURES, NR, features, load

TREES, DEPTH, SEED = 300, 6, 7


def main(train: str, model: str) -> None:
    columns = load(train)
    events = xgboost.DMatrix(
        features(columns), label=columns["kind"] == NR, feature_names=list(FEATURES), nthread=1
    )
    settings = {
        "max_depth": DEPTH, "eta": 0.1, "subsample": 0.8, "tree_method": "hist",
        "objective": "binary:logistic", "nthread": 1, "seed": SEED,
    }
    booster = xgboost.train(settings, events, num_boost_round=TREES)
    booster.save_model(model)


if __name__ == "__main__":
    main(*sys.argv[1:])
