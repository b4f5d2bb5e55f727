"""Writes the conifer models and scores that TreeEngineTests compares with, to the bit.

    make_conifer_reference.py DIRECTORY

Trees are trained with XGBoost and put into conifer's form; conifer writes the files, and its cpp
backend, compiled with g++, gives the scores. For each model: NAME.json (the file that conifer saves),
NAME.features (raw little-endian float32, row after row), NAME.scores (float64) and NAME.flags (uint8,
1 for a row with a feature that the input's type does not hold). manifest.txt has one line a model:
name, rows, features, scores a row. Everything follows from fixed seeds; takes half a minute to
a minute.
"""

import importlib.util
import json
import pathlib
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import xgboost as xgb
from conifer.model import make_model

ROWS = 100_000
TRAINING_ROWS = 20_000
FEATURES = 16
HERE = pathlib.Path(__file__).parent
EXTREMES = np.array([0.0, -0.0, 1e-40, -1e-40, 3e38, -3e38, 1e9, -1e9, 0.5, -0.5], np.float32)

# Name: trees, splitting convention, norm, type of the features, type of the scores.
MODELS = {
    "depth_4": ("depth_4", "<", 1, "ap_fixed<18,8>", "ap_fixed<18,8>"),
    "equal_left": ("depth_6", "<=", 1, "ap_fixed<16,6>", "ap_fixed<16,6>"),
    "coarse": ("depth_5", "<", 1, "ap_fixed<12,5>", "ap_fixed<12,5>"),
    "wraps": ("depth_3", "<=", 1, "ap_fixed<8,3>", "ap_fixed<8,3>"),
    "classes": ("classes", "<", 1, "ap_fixed<16,6>", "ap_fixed<16,6>"),
    "two_types": ("depth_4", "<=", 1, "ap_fixed<14,6>", "ap_fixed<24,4>"),
    "rounds": ("depth_5", "<", 1, "ap_fixed<12,5,AP_RND,AP_SAT>", "ap_fixed<16,8,AP_RND,AP_SAT>"),
    "rounds_equal": ("depth_3", "<=", 0.75, "ap_fixed<10,4,AP_RND>", "ap_fixed<9,4,AP_RND>"),
    "no_sign": ("depth_4", "<", 1, "ap_ufixed<10,4>", "ap_fixed<18,8>"),
    "wide": ("depth_4", "<=", 1, "ap_fixed<32,8>", "ap_fixed<32,8>"),
    "wide_saturates": ("depth_4", "<=", 1, "ap_fixed<32,2,AP_TRN,AP_SAT>", "ap_fixed<30,4>"),
    "norm": ("depth_4", "<", 0.3, "ap_fixed<18,8>", "ap_fixed<14,3>"),
}


def signal(random, values):
    weights = np.cos(np.arange(FEATURES)) + 0.2
    return values @ weights + np.sin(3 * values[:, 0]) + random.logistic(size=len(values)) * 0.3


def train(random, rounds, depth, classes=2):
    """The rounds of a booster, each a list of trees in conifer's form, and where sums start."""
    values = random.normal(size=(TRAINING_ROWS, FEATURES)).astype(np.float32)
    y = signal(random, values)
    label = y > 0 if classes == 2 else np.digitize(y, [-1, 1])
    options = {"objective": "binary:logitraw", "max_depth": depth, "eta": 0.5, "seed": 1, "nthread": 1}
    if classes > 2:
        options |= {"objective": "multi:softprob", "num_class": classes}
    options["base_score"] = 0.4
    booster = xgb.train(options, xgb.DMatrix(values, label), rounds)
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    trees = [conifer_tree(tree) for tree in learner["gradient_booster"]["model"]["trees"]]
    count = 1 if classes == 2 else classes
    return [trees[first : first + count] for first in range(0, len(trees), count)], [0.4] * count


def conifer_tree(tree):
    left, features = tree["left_children"], tree["split_indices"]
    is_leaf = [child == -1 for child in left]
    weights = np.zeros((len(left), FEATURES), int)
    for node, feature in enumerate(features):
        weights[node, feature] = not is_leaf[node]
    numbers = tree["split_conditions"]
    return {
        "feature": [-2 if leaf else feature for leaf, feature in zip(is_leaf, features)],
        "weight": weights.tolist(),
        "threshold": [0.0 if leaf else number for leaf, number in zip(is_leaf, numbers)],
        "value": [number if leaf else 0.0 for leaf, number in zip(is_leaf, numbers)],
        "children_left": left,
        "children_right": tree["right_children"],
    }


def shape(text):
    """Whether a type is signed, its width and its integer bits."""
    kind, width, integer = re.match(r"ap_(u?)fixed<(\d+),(\d+)", text).groups()
    return kind == "", int(width), int(integer)


def events(random, thresholds, text):
    """A third each: as in training; on or beside a threshold; beyond the ends or extreme."""
    signed, width, integer = shape(text)
    values = random.normal(size=(ROWS, FEATURES)).astype(np.float32)
    kind = random.integers(0, 3, values.shape)
    step = np.float32(2.0 ** (integer - width))
    beside = random.choice(thresholds, values.shape) + step * random.integers(-2, 3, values.shape)
    values = np.where(kind == 1, beside.astype(np.float32), values)
    beyond = random.uniform(-4, 4, values.shape).astype(np.float32) * np.float32(2.0**integer)
    extreme = random.random(values.shape) < 0.3
    beyond = np.where(extreme, random.choice(EXTREMES, values.shape), beyond)
    # One row in three has a value beyond the ends: the others show what is inside.
    chosen = (kind == 2) & (random.random((ROWS, 1)) < 1 / 3)
    return np.where(chosen, beyond, np.abs(values) if not signed else values)


def flags(values, text):
    signed, width, integer = shape(text)
    words = np.ldexp(values.astype(np.float64), width - integer)
    words = np.floor(words + 0.5 if "AP_RND" in text else words)
    low, high = (-(2 ** (width - 1)), 2 ** (width - 1) - 1) if signed else (0, 2**width - 1)
    return ((words < low) | (words > high)).any(1).astype(np.uint8)


def folder(package):
    return pathlib.Path(importlib.util.find_spec(package).origin).parent


def compile_scores(directory):
    lines = [
        f'TYPES("{name}", {"%s" % pack(model[3])}, {"%s" % pack(model[4])})' for name, model in MODELS.items()
    ]
    aliases = sorted({text for model in MODELS.values() for text in model[3:]})
    (directory / "aliases.h").write_text(
        "".join(f"typedef {text} {pack(text)};\n" for text in aliases)
    )
    (directory / "types.h").write_text("\n".join(lines) + "\n")
    program = directory / "conifer_scores"
    subprocess.run(
        ["g++", "-O1", "-std=c++14", "-w", f"-I{directory}",
         f"-I{folder('conifer')}/backends/cpp/include", f"-I{folder('hls4ml')}/templates/vivado/ap_types",
         str(HERE / "conifer_scores.cpp"), "-o", str(program)],
        check=True,
    )
    return program


def pack(text):
    """A name without commas, which would part a macro's arguments."""
    return re.sub(r"\W+", "_", text).strip("_")


def write(directory, program, name, rounds, start, seed):
    _, convention, norm, input_type, score_type = MODELS[name]
    random = np.random.default_rng(seed)
    scores = len(rounds[0])
    model = make_model(
        {
            "n_classes": 2 if scores == 1 else scores, "n_features": FEATURES, "n_trees": len(rounds),
            "max_depth": 6, "init_predict": start, "norm": norm, "library": "xgboost",
            "splitting_convention": convention, "trees": rounds,
        },
        {
            "Backend": "cpp", "ProjectName": name, "OutputDir": str(directory),
            "InputPrecision": input_type, "ScorePrecision": score_type,
        },
    )
    model.save()
    thresholds = np.array([t for r in rounds for tree in r for t in tree["threshold"]], np.float32)
    values = events(random, thresholds, input_type)
    values.astype("<f4").tofile(directory / f"{name}.features")
    flags(values, input_type).tofile(directory / f"{name}.flags")
    subprocess.run(
        [program, directory / f"{name}.json", name, directory / f"{name}.features",
         directory / f"{name}.scores"],
        check=True,
    )
    found = np.fromfile(directory / f"{name}.scores", "<f8").reshape(ROWS, scores)
    assert len(np.unique(found)) > 10, name
    return f"{name} {ROWS} {FEATURES} {scores}"


def main(directory):
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(20_250_712)
    forests = {
        "depth_3": train(random, 20, 3),
        "depth_4": train(random, 14, 4),
        "depth_5": train(random, 10, 5),
        "depth_6": train(random, 8, 6),
        "classes": train(random, 5, 4, classes=3),
    }
    program = compile_scores(directory)
    with ThreadPoolExecutor(2) as pool:
        lines = pool.map(
            lambda entry: write(directory, program, entry[1], *forests[MODELS[entry[1]][0]], entry[0]),
            enumerate(MODELS),
        )
        (directory / "manifest.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
