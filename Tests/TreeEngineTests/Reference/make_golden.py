#!/usr/bin/env python3
"""Writes golden.json: small models, events, and the attributions that shap and XGBoost give them.

Run in a virtual environment with requirements-golden.txt installed:
    python make_golden.py        # rewrites golden.json beside this file

shap explains by its own C code in both forms (it would hand the path-dependent one to XGBoost);
every expected number is a library's own, never this project's formula. Of a model only the fields
that TreeEngine reads are kept. Missing values are null.
"""

import json
from pathlib import Path

import numpy as np
import shap
import xgboost as xgb

EVENTS = 12
BACKGROUND = 20
TREE_FIELDS = (
    "left_children", "right_children", "split_indices", "split_conditions", "default_left",
    "sum_hessian",
)
random = np.random.default_rng(20261126)


def features(rows, count, missing):
    values = np.round(random.normal(size=(rows, count)), 3).astype(np.float32)
    values[random.random(values.shape) < missing] = np.nan
    return values


def train(objective, count, rounds, rows, missing, **options):
    values = features(rows, count, missing)
    known = np.nan_to_num(values, nan=0.7)
    weights = np.cos(np.arange(count)) + 0.2
    signal = known @ weights + np.sin(3 * known[:, 0]) * known[:, -1] + random.normal(size=rows)
    label = {
        "binary:logistic": lambda: signal > 0,
        "reg:squarederror": lambda: signal,
        "multi:softprob": lambda: np.clip(np.round(signal) + 1, 0, 2),
    }[objective]()
    given = {"objective": objective, "seed": 1, "nthread": 1, "min_child_weight": 0.5, **options}
    return xgb.train(given, xgb.DMatrix(values, label=label), rounds)


def pruned(booster):
    """The model as text, without what TreeEngine skips."""
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    model = learner["gradient_booster"]["model"]
    return json.dumps({"learner": {
        "learner_model_param": learner["learner_model_param"],
        "objective": {"name": learner["objective"]["name"]},
        "gradient_booster": {"name": "gbtree", "model": {
            "tree_info": model["tree_info"],
            "trees": [{field: tree[field] for field in TREE_FIELDS} for tree in model["trees"]],
        }},
    }}, separators=(",", ":"))


def listed(values):
    return [None if np.isnan(value) else float(value) for value in np.asarray(values).ravel()]


def explained(booster, events, background=None):
    """shap's attributions, [event, group, feature], and base values."""
    explainer = shap.TreeExplainer(
        booster,
        background,
        feature_perturbation="tree_path_dependent" if background is None else "interventional",
    )
    # Else the path-dependent form is XGBoost's own.
    explainer.model.model_type = "internal"
    values = np.asarray(explainer.shap_values(events.astype(np.float64), check_additivity=False))
    if values.ndim == 3:
        values = values.transpose(0, 2, 1)
    found = {"attributions": listed(values)}
    if background is not None:
        # With covers shap states the start margin: XGBoost's files have no values at splits.
        found["base_values"] = listed(np.atleast_1d(explainer.expected_value))
    return found


def case(name, objective, count, rounds, rows=400, missing=0.2, **options):
    booster = train(objective, count, rounds, rows, missing, **options)
    events = features(EVENTS, count, missing)
    background = features(BACKGROUND, count, missing)
    # The last number of each group is the base value.
    contributions = booster.predict(xgb.DMatrix(events), pred_contribs=True, strict_shape=True)
    trees = json.loads(pruned(booster))["learner"]["gradient_booster"]["model"]["trees"]
    splits = [d for t in trees for d, left in zip(t["default_left"], t["left_children"]) if left > 0]
    print(name, len(trees), "trees", len(splits), "splits, missing left at", sum(splits))
    return {
        "name": name,
        "model": pruned(booster),
        "events": listed(events),
        "background": listed(background),
        "path_dependent": explained(booster, events),
        "interventional": explained(booster, events, background.astype(np.float64)),
        "xgboost": {
            "attributions": listed(contributions[:, :, :-1]),
            "base_values": listed(contributions[0, :, -1]),
        },
    }


def main():
    binary, regression = "binary:logistic", "reg:squarederror"
    cases = [case(f"depth_{depth}", [binary, regression][depth % 2], 6, 6 if depth < 5 else 2,
                  max_depth=depth) for depth in range(1, 8)]
    cases += [
        case("depth_8", binary, 10, 2, rows=800, max_depth=8),
        case("repeated", regression, 2, 3, max_depth=6),
        case("many_missing", binary, 4, 4, missing=0.5, max_depth=4),
        case("none_missing", binary, 4, 4, missing=0, max_depth=4),
        case("leaf_only", regression, 3, 2, gamma=1e9),
        case("wide", regression, 80, 8, max_depth=4),
        # shap gives all classes the base score of the first.
        case("classes", "multi:softprob", 5, 3, num_class=3, max_depth=3, base_score=0.5),
        case("long_paths", regression, 30, 1, rows=1200, max_depth=14, max_leaves=60,
             grow_policy="lossguide", colsample_bynode=0.3),
    ]
    path = Path(__file__).with_name("golden.json")
    path.write_text("[" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "]\n")


if __name__ == "__main__":
    main()
