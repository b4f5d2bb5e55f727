"""Times XGBoost's Booster.inplace_predict on one thread and prints one JSON line a figure.

    python xgboost_inplace.py MODEL.json FEATURES

FEATURES is raw little-endian float32, row after row. Each figure is the median of several passes
over rows, the same number at a time; single rows are fewer, for they take long.
"""

import json
import statistics
import sys
import time

import numpy as np
import xgboost as xgb

ROWS = {1: 256, 64: 4_096, 1_024: 16_384}
PASSES = 7


def seconds(booster, features, count):
    start = time.perf_counter()
    for first in range(0, len(features), count):
        booster.inplace_predict(features[first : first + count], predict_type="margin")
    return time.perf_counter() - start


def main(model, file):
    booster = xgb.Booster()
    booster.load_model(model)
    booster.set_param({"nthread": 1})
    features = np.fromfile(file, "<f4").reshape(-1, booster.num_features())
    for count, rows in ROWS.items():
        part = features[: min(rows, len(features)) // count * count]
        seconds(booster, part, count)
        median = statistics.median(seconds(booster, part, count) for _ in range(PASSES))
        figure = round(median * 1e9 / len(part), 1)
        print(json.dumps({"layout": f"xgboost {xgb.__version__}", "rows": count,
                          "nanoseconds_per_event": figure}))


if __name__ == "__main__":
    main(*sys.argv[1:])
