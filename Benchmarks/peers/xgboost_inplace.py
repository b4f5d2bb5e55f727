#!/usr/bin/env python3
"""Times XGBoost's own predictions on one thread: margins of events that lie in memory.

    xgboost_inplace.py Zoo/models/er-nr-tree/1/model.json --rows 1024 --seconds 1
    {"peer": "xgboost 3.2.0, inplace_predict", "rows": 1024, "calls": 206,
     "nanoseconds_per_event": 4743.9}

Events are the first ROWS of a data file, its columns named as the model's features. The figure is
the mean over a turn and counts the Python call, as a user of XGBoost pays it. With --contributions
it is that of pred_contribs, exact TreeSHAP, on a DMatrix that was made before.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from turns import Arguments, Failure, answer, positive, unwind_when_told_to_end

# Importing XGBoost takes a second, in which Ctrl-C ought to be as quiet as later.
unwind_when_told_to_end()

import numpy as np  # noqa: E402
import xgboost  # noqa: E402

SAMPLE = Path(__file__).resolve().parents[2] / "Zoo" / "sample.npz"


class Trees:
    """A model of XGBoost, and events to predict."""

    def __init__(self, model, data, seconds, contributions):
        self._seconds = seconds
        self._contributions = contributions
        try:
            self._booster = xgboost.Booster({"nthread": 1}, model_file=model)
        except xgboost.core.XGBoostError as error:
            raise Failure(f"{model}: {str(error).splitlines()[0]}") from error
        names = self._booster.feature_names
        try:
            with np.load(data) as columns:
                self._events = np.stack([columns[name] for name in names or []], 1).astype("f4")
        except (OSError, ValueError, KeyError) as error:
            raise Failure(f"{data}: no columns {names} of one length: {error}") from error

    def measure(self, rows):
        """Predicts the first `rows` events, repeated if there are fewer, for the turn's seconds."""
        events = np.resize(self._events, (rows, self._events.shape[1]))
        name, predict = self._prediction(events)
        clock = time.perf_counter_ns
        predict()
        calls, began = 0, clock()
        end = began + self._seconds * 1_000_000_000
        while clock() < end:
            predict()
            calls += 1
        return {
            "peer": f"xgboost {xgboost.__version__}, {name}",
            "rows": rows,
            "calls": calls,
            "nanoseconds_per_event": round((clock() - began) / (calls * rows), 1),
        }

    def _prediction(self, events):
        """The name of what is timed, and the call."""
        booster = self._booster
        if not self._contributions:
            return "inplace_predict", lambda: booster.inplace_predict(events, predict_type="margin")
        matrix = xgboost.DMatrix(events, feature_names=booster.feature_names, nthread=1)
        return "pred_contribs", lambda: booster.predict(matrix, pred_contribs=True)


def main():
    parser = Arguments(prog="xgboost_inplace.py", description=__doc__.splitlines()[0])
    parser.add_argument("model", help="XGBoost's JSON")
    parser.add_argument("--data", default=SAMPLE, help="data file; default Zoo/sample.npz")
    parser.add_argument("--rows", type=positive, help="events a call; without it, turns are read")
    parser.add_argument("--seconds", type=positive, default=1, help="of a turn; default 1")
    parser.add_argument("--contributions", action="store_true", help="time pred_contribs instead")
    given = parser.parse_args()
    for path in (given.model, given.data):
        if not Path(path).is_file():
            parser.error(f"{path}: no such file")
    try:
        trees = Trees(given.model, given.data, given.seconds, given.contributions)
    except Failure as failure:
        parser.exit(1, f"{parser.prog}: {failure}\n")
    return answer(parser, given.rows, trees.measure)


if __name__ == "__main__":
    sys.exit(main())
