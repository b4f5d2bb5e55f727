"""er-nr-tree: 300 boosted trees of depth 6 (XGBoost) that tell NR from ER.

Inputs in order: s1c phd, s2c phd, drift_time us, x_s2 mm, y_s2 mm. The margin is the logit of
P(NR). Written as XGBoost's own JSON.
"""

import xgboost

from . import data, fitting

TREES = 300


def parameters(seed):
    """XGBoost's settings."""
    return {"objective": "binary:logistic", "tree_method": "hist", "max_depth": 6, "eta": 0.1,
            "nthread": 1, "seed": seed}


def main():
    """Command line."""
    options = fitting.arguments(__doc__.splitlines()[0], "models/er-nr-tree/1/model.json",
                                seed=1, epochs=None)
    features, is_nr = data.load_features(options.data)
    table = xgboost.DMatrix(features, is_nr, feature_names=data.FEATURES, nthread=1)
    booster = xgboost.train(parameters(options.seed), table, num_boost_round=TREES)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    booster.save_model(options.out)
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
