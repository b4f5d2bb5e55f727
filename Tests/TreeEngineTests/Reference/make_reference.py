"""Writes the models and margins that TreeEngineTests compares with, to the bit.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python make_reference.py DIRECTORY
    VIGIL_TREE_REFERENCE=DIRECTORY swift test -c release --filter TreeEngineTests

For each model: NAME.json (the model), NAME.features, NAME.margins, NAME.predictions and, of the
first rows, NAME.contributions with the base value last (raw little-endian float32, row after row). manifest.txt has one line a model: name, rows, features,
margins a row, predictions a row. refused_NAME.json are models of kinds that TreeEngine refuses.
Everything follows from fixed seeds; takes 20 seconds and 100 MB.
"""

import json
import pathlib
import sys

import numpy as np
import xgboost as xgb

ROWS = 100_000
TRAINING_ROWS = 20_000
EXPLAINED_ROWS = 100
ZOO_TREE = pathlib.Path(__file__).parents[3] / "Zoo/models/er-nr-tree/1/model.json"
LARGEST = np.finfo(np.float32).max
SMALLEST = np.float32(1e-45)
EXTREMES = np.array([LARGEST, -LARGEST, SMALLEST, -SMALLEST, 0.0, -0.0, 1e30, -1e30], np.float32)


def features(random, rows, count, missing):
    values = random.normal(size=(rows, count)).astype(np.float32)
    values[random.random(values.shape) < missing] = np.nan
    return values


def signal(random, values):
    known = np.nan_to_num(values)
    weights = np.cos(np.arange(values.shape[1])) + 0.2
    return known @ weights + np.sin(3 * known[:, 0]) + random.logistic(size=len(values)) * 0.3


def events(random, document, rows, count):
    """A third each: as in training; on or beside a threshold; extremes. NaN everywhere."""
    values = features(random, rows, count, 0.1)
    thresholds = [[] for _ in range(count)]
    for tree in document["learner"]["gradient_booster"]["model"]["trees"]:
        for left, feature, value in zip(
            tree["left_children"], tree["split_indices"], tree["split_conditions"]
        ):
            if left != -1:
                thresholds[feature].append(value)
    kind = random.integers(0, 3, values.shape)
    for feature in range(count):
        near = np.array(thresholds[feature] or [0.0], np.float32)
        chosen = random.choice(near, rows)
        toward = random.choice(np.array([-np.inf, np.inf], np.float32), rows)
        beside = np.where(random.random(rows) < 0.5, chosen, np.nextafter(chosen, toward))
        column = values[:, feature]
        on_threshold = (kind[:, feature] == 1) & ~np.isnan(column)
        column[on_threshold] = beside[on_threshold]
        extreme = (kind[:, feature] == 2) & ~np.isnan(column) & (random.random(rows) < 0.5)
        column[extreme] = random.choice(EXTREMES, rows)[extreme]
    assert not np.isinf(values).any()
    return values


def is_positive(y):
    return (y > 0).astype(np.float32)


def classes(y):
    return np.clip(np.round(y) + 2, 0, 3).astype(np.float32)


def real(y):
    return y.astype(np.float32)


def above_zero(y):
    return (np.abs(y) + 0.1).astype(np.float32)


def counts(y):
    return np.floor(np.abs(y)).astype(np.float32)


class Reference:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.manifest = []
        self.random = np.random.default_rng(20_250_611)

    def train(self, name, objective, rounds, label, count=5, missing=0.1, edit=None, rows=ROWS, **more):
        values = features(self.random, TRAINING_ROWS, count, missing)
        data = xgb.DMatrix(values)
        target = label(signal(self.random, values))
        if objective == "survival:aft":
            data.set_float_info("label_lower_bound", target)
            data.set_float_info("label_upper_bound", target)
        else:
            data.set_label(target)
        if objective.startswith("rank:"):
            data.set_group([100] * (TRAINING_ROWS // 100))
        options = {"objective": objective, "seed": 1, "nthread": 1, "eta": 0.1, **more}
        names = options.pop("feature_names", None)
        if names:
            data.feature_names = names
        booster = xgb.train(options, data, rounds)
        text = bytes(booster.save_raw("json")).decode()
        self.write(name, text, rows, edit)
        return text

    def write(self, name, text, rows=ROWS, edit=None):
        """Predicts with the text as XGBoost reads it back, so edits count for both sides."""
        if edit:
            document = json.loads(text)
            edit(document)
            text = json.dumps(document)
        booster = xgb.Booster()
        booster.load_model(bytearray(text, "utf-8"))
        booster.set_param({"nthread": 2})
        document = json.loads(text)
        count = int(document["learner"]["learner_model_param"]["num_feature"])
        values = events(self.random, document, rows, count)
        data = xgb.DMatrix(values, feature_names=booster.feature_names)
        margins = booster.predict(data, output_margin=True, strict_shape=True)
        predictions = booster.predict(data, strict_shape=True)
        inplace = booster.inplace_predict(
            values, predict_type="margin", validate_features=False, strict_shape=True
        )
        assert np.array_equal(margins.view(np.uint32), inplace.view(np.uint32)), name
        (self.directory / f"{name}.json").write_text(text)
        for kind, array in (("features", values), ("margins", margins), ("predictions", predictions)):
            assert array.shape[0] == rows
            array.astype("<f4").tofile(self.directory / f"{name}.{kind}")
        explained = xgb.DMatrix(values[:EXPLAINED_ROWS], feature_names=booster.feature_names)
        contributions = booster.predict(explained, pred_contribs=True, strict_shape=True)
        contributions.astype("<f4").tofile(self.directory / f"{name}.contributions")
        shape = (rows, count, margins[0].size, predictions[0].size)
        self.manifest.append(" ".join([name, *map(str, shape)]))
        print(self.manifest[-1], flush=True)

    def refuse(self, name, count=2, label=is_positive, **options):
        """A file that XGBoost writes and TreeEngine must refuse."""
        values = features(self.random, 500, count, 0.1)
        types = None
        if options.pop("categories", False):
            values[:, 0] = self.random.integers(0, 20, 500)
            types = ["c"] + ["q"] * (count - 1)
        data = xgb.DMatrix(values, label=label(signal(self.random, values)), feature_types=types,
                           enable_categorical=types is not None)
        booster = xgb.train({"seed": 1, "nthread": 1, **options}, data, 3)
        booster.save_model(self.directory / f"refused_{name}.json")

    def finish(self):
        (self.directory / "manifest.txt").write_text("\n".join(self.manifest) + "\n")


def base_score(text):
    def edit(document):
        document["learner"]["learner_model_param"]["base_score"] = text

    return edit


def second_form(document):
    """What XGBoost 2.x writes: a bare number, and its version."""
    parameters = document["learner"]["learner_model_param"]
    parameters["base_score"] = parameters["base_score"].strip("[]")
    document["version"] = [2, 1, 4]


def main(directory):
    reference = Reference(directory)
    train = reference.train

    names = ["s1", "s2", "drift", "radius", "z"]
    binary = train("binary", "binary:logistic", 300, is_positive, max_depth=6, feature_names=names)
    reference.write("binary_second_form", binary, edit=second_form)
    reference.write("binary_score_near_0", binary, edit=base_score("1E-8"), rows=10_000)
    reference.write("binary_score_1", binary, edit=base_score("[1E0]"), rows=10_000)
    train("binary_score_002", "binary:logistic", 12, is_positive, max_depth=4, base_score=0.02)
    train("logitraw", "binary:logitraw", 20, is_positive, max_depth=4, base_score=0.3)
    train("hinge", "binary:hinge", 20, is_positive, max_depth=4)

    softprob = train("softprob", "multi:softprob", 40, classes, num_class=4, max_depth=5)
    reference.write("softprob_one_score", softprob, edit=base_score("5E-1"), rows=10_000)
    train("softmax", "multi:softmax", 20, classes, num_class=4, max_depth=4)

    train("regression", "reg:squarederror", 100, real, count=8, max_depth=6)
    train("pruned", "reg:squarederror", 30, real, tree_method="exact", gamma=20, max_depth=8)
    train("deep", "reg:squarederror", 20, real, grow_policy="lossguide", max_leaves=500, max_depth=0)
    train("parallel", "reg:squarederror", 10, real, num_parallel_tree=4, subsample=0.5, max_depth=5)
    train("leaf_only", "reg:squarederror", 5, real, gamma=1e9)
    train("wide", "reg:squarederror", 30, real, count=300, max_depth=5, missing=0.5, rows=5_000)
    train("targets", "reg:squarederror", 10, lambda y: np.stack([y, -y, y * y], 1), max_depth=4)
    train("quantiles", "reg:quantileerror", 20, real, quantile_alpha=[0.1, 0.5, 0.9], max_depth=4)
    train("absolute", "reg:absoluteerror", 20, real, max_depth=4)
    train("huber", "reg:pseudohubererror", 20, real, max_depth=4)
    train("squared_log", "reg:squaredlogerror", 20, above_zero, max_depth=4)
    train("reg_logistic", "reg:logistic", 20, is_positive, max_depth=4)

    train("poisson", "count:poisson", 50, counts, max_depth=5)
    train("gamma", "reg:gamma", 20, above_zero, max_depth=4)
    train("tweedie", "reg:tweedie", 20, above_zero, max_depth=4)
    train("cox", "survival:cox", 20, above_zero, max_depth=4)
    train("aft", "survival:aft", 20, above_zero, max_depth=4)
    for kind in ("pairwise", "ndcg", "map"):
        label = is_positive if kind == "map" else classes
        train(f"rank_{kind}", f"rank:{kind}", 20, label, max_depth=4, rows=10_000)

    reference.write("er_nr_tree", ZOO_TREE.read_text())
    train("many_bins", "reg:squarederror", 60, real, count=3, max_depth=6, max_bin=2048)
    train("missing", "multi:softprob", 20, classes, count=8, num_class=4, max_depth=6, missing=0.4)

    reference.refuse("dart", booster="dart", rate_drop=0.5)
    reference.refuse("gblinear", booster="gblinear")
    reference.refuse("categorical", categories=True, max_cat_to_onehot=1)
    reference.refuse("onehot", categories=True, max_cat_to_onehot=50)
    reference.refuse(
        "vector_leaves", multi_strategy="multi_output_tree", label=lambda y: np.stack([y, -y], 1)
    )
    reference.finish()


if __name__ == "__main__":
    main(sys.argv[1])
