#!/usr/bin/env python3
"""Writes golden.json: inputs, and what reference libraries make of them.

Run in a virtual environment with requirements.txt installed:
    python make_golden.py        # rewrites golden.json beside this file

Inputs are rounded to a few decimals so that the file stays small and reads back exactly; every
expected number is the library's own, never this project's formula.
"""
import json
import warnings
from pathlib import Path

import numpy as np
from crepes import ConformalClassifier, ConformalRegressor
from mapie.regression import ConformalizedQuantileRegressor, SplitConformalRegressor
from scipy import stats
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.metrics import roc_auc_score
from venn_abers import VennAbers

random = np.random.default_rng(20261124)
EDGES = [1500.0, 3000.0, 8000.0]


class Column(RegressorMixin, BaseEstimator):
    """An estimator that is fitted already and predicts one column of its input."""

    def __init__(self, column=0):
        self.column = column

    def fit(self, X, y=None):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def predict(self, X):
        return np.asarray(X)[:, self.column]


def rounded(values, decimals=3):
    return np.round(np.asarray(values, dtype=float), decimals)


def regression_events(count):
    """Columns: value, lower, upper, sigma, bin value; and the truth."""
    s2 = rounded(10 ** random.uniform(2.9, 4.3, count), 1)
    scale = 200 / np.sqrt(s2)
    value = rounded(random.uniform(-600, 600, count), 2)
    truth = rounded(value + scale * random.standard_normal(count), 2)
    sigma = rounded(scale * random.uniform(0.7, 1.3, count))
    lower = rounded(value - 1.2 * scale, 2)
    upper = rounded(value + 1.4 * scale, 2)
    return np.column_stack([value, lower, upper, sigma, s2]), truth


def conformal_cases():
    """Absolute and CQR intervals by MAPIE, normalised Mondrian ones by crepes."""
    cases = []
    for count, coverages in ((199, [0.5, 0.8, 0.9, 0.95]), (60, [0.68, 0.9])):
        X, y = regression_events(count)
        T, _ = regression_events(25)
        events = {"calibration": X.tolist(), "truth": y.tolist(), "test": T.tolist()}
        wanted = []
        for coverage in coverages:
            split = SplitConformalRegressor(
                Column(0), confidence_level=coverage, conformity_score="absolute", prefit=True
            ).conformalize(X, y)
            absolute = split.predict_interval(T)[1][:, :, 0]
            quantile = ConformalizedQuantileRegressor(
                [Column(1), Column(2), Column(0)], confidence_level=coverage, prefit=True
            ).conformalize(X, y)
            symmetric = quantile.predict_interval(T, symmetric_correction=True)[1][:, :, 0]
            asymmetric = quantile.predict_interval(T, symmetric_correction=False)[1][:, :, 0]
            mondrian = ConformalRegressor()
            mondrian.fit(y - X[:, 0], sigmas=X[:, 3], bins=np.digitize(X[:, 4], EDGES))
            # crepes takes int((1 - confidence) * (n + 1)); where that product should be whole it
            # falls just below (1 - 0.9 < 0.1), one rank too wide. So keep off the grid.
            off_grid = coverage + 0.0013
            normalised = mondrian.predict_int(
                T[:, 0], sigmas=T[:, 3], bins=np.digitize(T[:, 4], EDGES), confidence=off_grid
            )
            for method, at, intervals in (
                ("absolute", coverage, absolute),
                ("cqr", coverage, symmetric),
                ("cqr-asymmetric", coverage, asymmetric),
                ("normalised", off_grid, normalised),
            ):
                wanted.append({"method": method, "coverage": at, "intervals": finite(intervals)})
        cases.append({**events, "wanted": wanted})
    return {"edges": EDGES, "cases": cases}


def finite(intervals):
    """JSON has no infinity: null stands for it."""
    rows = np.asarray(intervals).tolist()
    return [[end if np.isfinite(end) else None for end in row] for row in rows]


def p_value_cases():
    """Mondrian conformal p-values by crepes; the categories are class and bin together."""
    scores = rounded(random.gamma(2, 1, 300), 2)
    columns = rounded(10 ** random.uniform(2.9, 4.3, 300), 1)
    classes = random.integers(0, 2, 300)
    test_scores = rounded(random.gamma(2.5, 1, 60), 2)
    test_columns = rounded(10 ** random.uniform(2.9, 4.3, 60), 1)
    test_classes = random.integers(0, 2, 60)
    category = lambda labels, values: 10 * labels + np.digitize(values, EDGES)
    model = ConformalClassifier()
    model.fit(scores, bins=category(classes, columns))
    p = model.predict_p(
        test_scores.reshape(-1, 1), bins=category(test_classes, test_columns), smoothing=False
    )
    return {
        "edges": EDGES,
        "scores": scores.tolist(),
        "columns": columns.tolist(),
        "classes": classes.tolist(),
        "test_scores": test_scores.tolist(),
        "test_columns": test_columns.tolist(),
        "test_classes": test_classes.tolist(),
        "p": np.asarray(p).ravel().tolist(),
    }


def venn_abers_cases():
    """Pairs and merged probabilities: continuous scores, coarse ones full of ties, a few events."""
    cases = []
    for count, decimals in ((400, 5), (300, 2), (200, 1), (12, 2), (5, 1)):
        scores = np.clip(rounded(random.beta(0.8, 0.8, count), decimals), 0, 1)
        labels = (random.uniform(size=count) < scores**1.5).astype(int)
        labels[np.argmin(scores)], labels[np.argmax(scores)] = 0, 1
        between = rounded(random.uniform(0, 1, 30), decimals + 1)
        test = np.concatenate([between, scores[:20], [0.0, 1.0]])
        model = VennAbers()
        model.fit(np.column_stack([1 - scores, scores]), labels)
        merged, pairs = model.predict_proba(np.column_stack([1 - test, test]))
        cases.append(
            {
                "scores": scores.tolist(),
                "labels": labels.tolist(),
                "test": test.tolist(),
                "p0": pairs[:, 0].tolist(),
                "p1": pairs[:, 1].tolist(),
                "merged": merged[:, 1].tolist(),
            }
        )
    return cases


def discovery_cases():
    """Benjamini-Hochberg q-values by scipy, over continuous and over discrete, tied p-values."""
    cases = []
    for p in (
        random.uniform(size=100) ** 2,
        np.round(random.uniform(size=200) ** 3 * 100 + 0.5) / 101,
        np.array([0.04]),
        np.ones(5),
    ):
        p = np.clip(rounded(p, 9), 0, 1)
        cases.append({"p": p.tolist(), "q": stats.false_discovery_control(p).tolist()})
    return cases


def kolmogorov_smirnov_cases():
    """scipy's exact law for small samples, its asymptotic one for large."""
    cases = []
    for n, m, shift, method in (
        (1, 1, 0, "exact"),
        (7, 9, 0.5, "exact"),
        (40, 25, 0.3, "exact"),
        (120, 300, 0.0, "exact"),
        (200, 200, 0.4, "exact"),
        (2500, 1700, 0.03, "asymp"),
    ):
        first = rounded(random.standard_normal(n), 4)
        second = rounded(random.standard_normal(m) + shift, 4)
        result = stats.ks_2samp(first, second, method=method)
        cases.append(
            {
                "first": first.tolist(),
                "second": second.tolist(),
                "method": method,
                "statistic": float(result.statistic),
                "p": float(result.pvalue),
            }
        )
    return cases


def beta_binomial_cases():
    """Quantiles and cumulative probabilities by scipy.stats.betabinom."""
    cases = []
    for trials, alpha, beta in (
        (1, 1, 1),
        (10, 0.5, 0.5),
        (50, 90, 11),
        (1000, 900.0, 101.0),
        (75000, 9001, 1000),
        (2000, 0.5, 400.5),
        (20000, 12.5, 3.25),
        (1000000, 900001, 100000),
    ):
        law = stats.betabinom(trials, alpha, beta)
        probabilities = [0.001, 0.025, 0.05, 0.4, 0.95, 0.975, 0.999]
        counts = sorted({int(law.ppf(p)) for p in probabilities} | {0, trials})
        cases.append(
            {
                "trials": trials,
                "alpha": alpha,
                "beta": beta,
                "probabilities": probabilities,
                "quantiles": [int(law.ppf(p)) for p in probabilities],
                "counts": counts,
                "cumulative": [float(law.cdf(c)) for c in counts],
            }
        )
    return cases


def ranking_cases():
    """ROC areas by scikit-learn, with and without ties."""
    cases = []
    for count, decimals in ((300, 6), (300, 1), (10, 0)):
        labels = random.integers(0, 2, count)
        labels[:2] = [0, 1]
        scores = rounded(random.standard_normal(count) + labels, decimals)
        auc = float(roc_auc_score(labels, scores))
        cases.append({"scores": scores.tolist(), "labels": labels.tolist(), "auc": auc})
    return cases


def main():
    warnings.filterwarnings("ignore")
    golden = {
        "conformal": conformal_cases(),
        "p_values": p_value_cases(),
        "venn_abers": venn_abers_cases(),
        "discoveries": discovery_cases(),
        "kolmogorov_smirnov": kolmogorov_smirnov_cases(),
        "beta_binomial": beta_binomial_cases(),
        "ranking": ranking_cases(),
    }
    text = json.dumps(golden, separators=(",", ":"), allow_nan=False) + "\n"
    Path(__file__).with_name("golden.json").write_text(text)
    print(f"golden.json: {len(text) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
