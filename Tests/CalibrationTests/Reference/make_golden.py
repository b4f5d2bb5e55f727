#!/usr/bin/env python3
"""Writes golden.json: inputs, and what reference libraries make of them.

Run in a virtual environment with requirements.txt installed (torch first, or torchcp takes the one
for graphics cards):
    python make_golden.py        # rewrites golden.json beside this file

Inputs are rounded to a few decimals so that the file stays small and reads back exactly; every
expected number is the library's own, never this project's formula.
"""
import json
import warnings
from pathlib import Path

import numpy as np
import torch
from crepes import ConformalClassifier, ConformalRegressor
from mapie.conformity_scores import APSConformityScore, LACConformityScore
from mapie.regression import ConformalizedQuantileRegressor, SplitConformalRegressor
from scipy import special, stats
from scipy.spatial import distance
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from torchcp.classification.score import RAPS
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


def philox_cases():
    """numpy's Philox, which counts up before it draws; words as it gives them."""
    cases = []
    for counter, key in (
        ([1, 0, 0, 0], [0, 0]),
        ([42, 0, 0, 0], [2026, 0]),
        ([2**64 - 1, 5, 2**63, 17], [2**64 - 1, 2**33 + 1]),
    ):
        number = sum(word << 64 * place for place, word in enumerate(counter))
        before = (number - 1) % 2**256
        generator = np.random.Philox(counter=before, key=key[0] + (key[1] << 64))
        words = [int(word) for word in generator.random_raw(4)]
        cases.append({"counter": counter, "key": key, "words": words})
    return cases


def probabilities(events, classes):
    """Of a model that is unsure, as exact float32 numbers."""
    logits = 1.5 * random.standard_normal((events, classes))
    found = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return rounded(found, 4).astype("f4").astype(float)


def class_score_cases():
    """Scores of the true class by MAPIE: least ambiguous, and the cumulated mass with its own."""
    cases = []
    for events, classes in ((60, 3), (40, 10)):
        p = probabilities(events, classes)
        labels = random.integers(0, classes, events)
        lac = LACConformityScore()
        lac.set_external_attributes(classes=np.arange(classes))
        aps = APSConformityScore()
        aps.set_external_attributes(classes=np.arange(classes))
        mass, _ = aps.get_true_label_cumsum_proba(labels, p, np.arange(classes))
        cases.append(
            {
                "probabilities": p.tolist(),
                "labels": labels.tolist(),
                "least_ambiguous": np.ravel(
                    lac.get_conformity_scores(labels, p, y_enc=labels)
                ).tolist(),
                "adaptive": np.ravel(mass).tolist(),
            }
        )
    return cases


def class_set_case():
    """Class-conditional sets in bins by crepes, at coverages off the grid of ranks."""
    classes, edges = 4, [0.0]
    p, labels = probabilities(400, classes), random.integers(0, 4, 400)
    columns, test_columns = rounded(random.standard_normal(400)), rounded(random.standard_normal(30))
    test = probabilities(30, classes)
    wanted = []
    for coverage in (0.6013, 0.8013, 0.9513):
        sets = [[] for _ in test]
        for one in range(classes):
            mine = labels == one
            model = ConformalClassifier()
            model.fit(1 - p[mine, one], bins=np.digitize(columns[mine], edges))
            held = model.predict_set(
                (1 - test[:, one]).reshape(-1, 1),
                bins=np.digitize(test_columns, edges),
                confidence=coverage,
                smoothing=False,
            )
            for row, is_held in enumerate(np.ravel(held)):
                if is_held:
                    sets[row].append(one)
        wanted.append({"coverage": coverage, "sets": sets})
    return {
        "edges": edges,
        "classes": classes,
        "probabilities": p.tolist(),
        "labels": labels.tolist(),
        "columns": columns.tolist(),
        "test_probabilities": test.tolist(),
        "test_columns": test_columns.tolist(),
        "wanted": wanted,
    }


def binomial_cases():
    """Cumulative probabilities by scipy.stats.binom."""
    cases = []
    for trials, probability in (
        (1, 0.5), (20, 0.05), (1000, 1e-3), (1000, 0.999), (100000, 2e-4), (1000000, 0.3),
    ):
        law = stats.binom(trials, probability)
        counts = sorted({int(law.ppf(q)) for q in (1e-6, 0.01, 0.3, 0.5, 0.9, 0.999)} | {0})
        cases.append(
            {
                "trials": trials,
                "probability": probability,
                "counts": counts,
                "cumulative": [float(law.cdf(count)) for count in counts],
            }
        )
    return cases


def proportion_cases():
    """Exact intervals by scipy.stats.binomtest, after Clopper and Pearson."""
    cases = []
    for successes, trials, level in (
        (0, 10, 0.95), (10, 10, 0.95), (3, 20, 0.9), (12, 20000, 0.95), (500, 1000, 0.68),
    ):
        found = stats.binomtest(successes, trials).proportion_ci(level, method="exact")
        cases.append(
            {
                "successes": successes,
                "trials": trials,
                "level": level,
                "lower": float(found.low),
                "upper": float(found.high),
            }
        )
    return cases


def logistic_cases():
    """Logistic regression by scikit-learn without penalty, on Platt's targets as weighted events."""
    cases = []
    for count, slope, shift in ((400, 0.6, -1.0), (300, 2.0, 0.5)):
        scores = rounded(2 * random.standard_normal(count), 3)
        labels = (random.uniform(size=count) < 1 / (1 + np.exp(-slope * scores - shift))).astype(int)
        ones = int(labels.sum())
        high, low = (ones + 1) / (ones + 2), 1 / (count - ones + 2)
        target = np.where(labels == 1, high, low)
        log_p, log_q = -np.logaddexp(0, -scores), -np.logaddexp(0, scores)
        for form, features, intercept in (
            ("temperature", scores[:, None], False),
            ("platt", scores[:, None], True),
            ("beta", np.column_stack([log_p, -log_q]), True),
        ):
            model = LogisticRegression(
                C=np.inf, fit_intercept=intercept, tol=1e-10, max_iter=10000, solver="newton-cholesky"
            )
            model.fit(
                np.concatenate([features, features]),
                np.repeat([1, 0], count),
                sample_weight=np.concatenate([target, 1 - target]),
            )
            assert form != "beta" or (model.coef_ >= 0).all()
            cases.append(
                {
                    "form": form,
                    "scores": scores.tolist(),
                    "labels": labels.tolist(),
                    "probabilities": model.predict_proba(features)[:, 1].tolist(),
                }
            )
    return cases


def isotonic_cases():
    """Isotonic regression by scikit-learn, ends kept, no closer to 0 or 1 than 1 / (n + 2)."""
    cases = []
    for count, decimals in ((400, 5), (200, 1), (6, 2)):
        scores = rounded(random.standard_normal(count), decimals)
        labels = (random.uniform(size=count) < 1 / (1 + np.exp(-2 * scores))).astype(int)
        labels[np.argmin(scores)], labels[np.argmax(scores)] = 0, 1
        test = np.concatenate([rounded(2 * random.standard_normal(30), decimals + 1), scores[:20]])
        least = 1 / (count + 2)
        model = IsotonicRegression(out_of_bounds="clip", y_min=least, y_max=1 - least)
        cases.append(
            {
                "scores": scores.tolist(),
                "labels": labels.tolist(),
                "test": test.tolist(),
                "probabilities": model.fit(scores, labels).predict(test).tolist(),
            }
        )
    return cases


def chi_square_cases():
    """Tails by scipy.stats.chi2."""
    cases = []
    for degrees in (1, 2, 3, 10, 31, 64, 1000):
        for quantile in (0.999, 0.5, 0.05, 1e-6, 1e-40):
            statistic = float(rounded(stats.chi2.isf(quantile, degrees), 6))
            cases.append(
                {
                    "degrees": degrees,
                    "statistic": statistic,
                    "tail": float(stats.chi2.sf(statistic, degrees)),
                }
            )
    return cases


def combination_cases():
    """Fisher by scipy; Simes as the smallest of scipy's Benjamini-Hochberg q-values."""
    cases = []
    for count in (1, 2, 3, 20, 400):
        p = np.clip(rounded(random.uniform(size=count) ** 1.5, 9), 1e-9, 1)
        cases.append(
            {
                "p": p.tolist(),
                "fisher": float(stats.combine_pvalues(p, method="fisher").pvalue),
                "simes": float(stats.false_discovery_control(p).min()),
            }
        )
    return cases


def weighted_cases():
    """Weighted quantiles by numpy, the new event's own weight at infinity."""
    cases = []
    for count in (1, 5, 200):
        scores = rounded(random.gamma(2, 1, count), 2)
        weights = rounded(random.gamma(1, 1, count) + 0.001, 3)
        wanted = []
        for own in (0.0, 0.5, 20.0):
            for coverage in (0.1003, 0.5003, 0.9003, 0.9903):
                found = np.quantile(
                    np.append(scores, np.inf),
                    coverage,
                    weights=np.append(weights, own),
                    method="inverted_cdf",
                )
                quantile = float(found) if np.isfinite(found) else None
                wanted.append({"weight": own, "coverage": coverage, "quantile": quantile})
        effective = weights.sum() ** 2 / (weights**2).sum()
        cases.append(
            {
                "scores": scores.tolist(),
                "weights": weights.tolist(),
                "effective": float(effective),
                "wanted": wanted,
            }
        )
    return cases


def ensemble_cases():
    """Moments by numpy, entropies by scipy.stats.entropy."""
    cases = []
    for members, classes in ((1, 3), (5, 2), (8, 10)):
        means = rounded(random.standard_normal(members), 2).astype("f4").astype(float)
        sigmas = rounded(random.gamma(2, 1, members), 2).astype("f4").astype(float)
        p = probabilities(members, classes)
        cases.append(
            {
                "means": means.tolist(),
                "sigmas": sigmas.tolist(),
                "mean": float(means.mean()),
                "aleatoric": float((sigmas**2).mean()),
                "epistemic": float(means.var()),
                "probabilities": p.tolist(),
                "mean_probabilities": p.mean(axis=0).tolist(),
                "entropy": unnormalised_entropy(p.mean(axis=0)),
                "mean_entropy": float(np.mean([unnormalised_entropy(row) for row in p])),
            }
        )
    return cases


def unnormalised_entropy(p):
    """Of probabilities whose sum was rounded; scipy.stats.entropy would normalise them."""
    return float(special.entr(p).sum())


def ellipse_case():
    """Mahalanobis distances by scipy, axes and angles by numpy's eigenvectors; in one bin."""
    count = 400
    scale = np.column_stack([rounded(random.gamma(9, 1, count), 2), rounded(random.gamma(9, 1, count), 2)])
    value = rounded(100 * random.standard_normal((count, 2)), 1)
    unit = random.multivariate_normal([0, 0], [[1.3, 0.6], [0.6, 0.8]], count)
    truth = rounded(value + scale * unit, 2)
    residuals = (truth - value) / scale
    shaping = np.arange(count) % 4 == 0
    second = residuals[shaping].T @ residuals[shaping] / shaping.sum()
    distances = [
        distance.mahalanobis(row, [0, 0], np.linalg.inv(second)) for row in residuals[~shaping]
    ]
    coverage = 0.6803
    radius = float(np.sort(distances)[int(np.ceil((len(distances) + 1) * coverage)) - 1])
    ellipses = []
    for row in scale[:20]:
        values, vectors = np.linalg.eigh(np.diag(row) @ second @ np.diag(row))
        angle = np.arctan2(vectors[1, 1], vectors[0, 1])
        angle = angle - np.pi if angle > np.pi / 2 else angle + np.pi if angle <= -np.pi / 2 else angle
        ellipses.append([radius * values[1] ** 0.5, radius * values[0] ** 0.5, float(angle)])
    return {
        "truth": truth.tolist(),
        "value": value.tolist(),
        "scale": scale.tolist(),
        "coverage": coverage,
        "radius": radius,
        "ellipses": ellipses,
    }


def random_class_score_cases():
    """Scores of the true class by torchcp, with the chance that it drew; ours is its complement."""
    cases = []
    for events, classes, penalty, free in ((40, 4, 0.0, 0), (40, 12, 0.01, 5), (30, 12, 0.25, 1)):
        p = probabilities(events, classes)
        # torch sorts equal probabilities as it likes.
        p = p[[len(set(row)) == classes for row in p]]
        labels = random.integers(0, classes, len(p))
        score = RAPS(score_type="identity", penalty=penalty, kreg=free)
        torch.manual_seed(len(cases))
        drawn = torch.rand(len(p))
        torch.manual_seed(len(cases))
        found = score._calculate_single_label(torch.tensor(p), torch.tensor(labels))
        cases.append(
            {
                "probabilities": p.tolist(),
                "labels": labels.tolist(),
                "uniforms": (1 - drawn.double()).tolist(),
                "penalty": penalty,
                "free": free,
                "scores": found.double().tolist(),
            }
        )
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
        "philox": philox_cases(),
        "class_scores": class_score_cases(),
        "class_sets": class_set_case(),
        "binomial": binomial_cases(),
        "proportions": proportion_cases(),
        "logistic": logistic_cases(),
        "isotonic": isotonic_cases(),
        "chi_square": chi_square_cases(),
        "combination": combination_cases(),
        "weighted": weighted_cases(),
        "ensembles": ensemble_cases(),
        "ellipses": ellipse_case(),
        "random_class_scores": random_class_score_cases(),
    }
    text = json.dumps(golden, separators=(",", ":"), allow_nan=False) + "\n"
    Path(__file__).with_name("golden.json").write_text(text)
    print(f"golden.json: {len(text) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
