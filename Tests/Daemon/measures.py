"""Measures of calibrated answers on the stored sample, each beside its law (laws.py)."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pytest

import laws
from daemon import MODELS

SEED = 61
FEATURES = ("s1c", "s2c", "drift_time", "x_s2", "y_s2")
COVERAGES = (0.68, 0.9, 0.95)
AXES = ("x", "y")
CLASSIFIERS = ("er-nr-mlp", "er-nr-tree", "trigger-mlp")
ANOMALY_MODELS = ("kinematic-neighbours", "pattern-autoencoder")
Q = 0.1
RESAMPLES = 200


# MARK: Events and calibrations


def calibration(model, models=MODELS):
    """The calibration file's outputs by name."""
    (path,) = (models / model / "1").glob("calibration-*.json")
    return {entry["output"]: entry for entry in json.loads(path.read_text())["outputs"]}


@pytest.fixture(scope="module")
def score(daemon, sample):
    """Scores of the whole sample by a model and options, asked once."""
    features = np.stack([sample[name] for name in FEATURES], axis=1)
    inputs = {name: features for name in (*CLASSIFIERS, "kinematic-neighbours")}
    kept = {}
    with daemon.client(timeout=120) as client:

        def ask(model, **options):
            key = (model, *sorted(options.items()))
            if key not in kept:
                kept[key] = client.score(model, inputs.get(model, sample["hits"]), **options)
            return kept[key]

        yield ask


@pytest.fixture(scope="module")
def normal(sample):
    """Which events are no anomalies."""
    return sample["kind"] <= 1


def ask_position(score, coverage):
    return score("position-cnn", coverage=coverage, outputs=("s2_top",))


def bins_of(values, edges):
    """A value equal to an edge belongs above it."""
    return np.searchsorted(edges, values, side="right")


# MARK: Intervals


@pytest.fixture(scope="module")
def positions(score):
    return {coverage: ask_position(score, coverage) for coverage in COVERAGES}


@dataclass(frozen=True)
class Cell:
    """A measured fraction and where it may lie."""

    label: tuple
    events: int
    measured: float
    low: float
    high: float

    @property
    def is_inside(self):
        return self.low <= self.measured <= self.high


def outside(cells):
    return [cell for cell in cells if not cell.is_inside]


def coverage_cells(answers, sample, normal, shrink=1.0):
    """Coverage by axis, S2 bin and nominal coverage; `shrink` scales the intervals."""
    interval = {axis: calibration("position-cnn")[axis]["interval"] for axis in AXES}
    count = len(answers) * sum(len(entry["events_per_bin"]) for entry in interval.values())
    cells = []
    for coverage, answer in answers.items():
        for axis in AXES:
            entry, output = interval[axis], answer.outputs[axis]
            bins = bins_of(answer.outputs["s2_top"].value, entry["bin_edges"][0])
            truth = sample[f"true_{axis}"].astype(float)
            lower, upper = output.lower.astype(float), output.upper.astype(float)
            middle, half = (lower + upper) / 2, (upper - lower) / 2 * shrink
            if shrink != 1:
                lower, upper = middle - half, middle + half
            covered = (lower <= truth) & (truth <= upper)
            for index, events in enumerate(entry["events_per_bin"]):
                rows = normal & (bins == index)
                band = laws.coverage_band(events, int(rows.sum()), coverage, count)
                label = (coverage, axis, index)
                cells.append(Cell(label, int(rows.sum()), float(covered[rows].mean()), *band))
    return cells


# MARK: Probabilities


class Pairs:
    """Calibration margins of a classifier, and the stored steps of its pair (p0, p1)."""

    def __init__(self, model):
        entry = calibration(model)["margin"]
        table = entry["venn_abers"]
        self.values = np.array(table["p0"]), np.array(table["p1"])
        self.steps = np.float32(table["p0_from"]), np.float32(table["p1_to"])
        er, nr = (np.float32(np.concatenate(c["scores"])) for c in entry["p_values"])
        # Stranger for a nuclear recoil is a lower margin: its scores are negated.
        self.margins = np.concatenate([er, -nr])
        self.is_one = np.arange(len(self.margins)) >= len(er)
        self.prior = table["class_one_events"] / table["events"]

    def pair(self, margins):
        places = (
            np.searchsorted(steps, margins, side=side)
            for steps, side in zip(self.steps, ("right", "left"))
        )
        return tuple(values[place] for values, place in zip(self.values, places))


def reliability_cells(p, is_one, calibrated):
    """Share of class 1 in ten equal-mass bins of p; `calibrated`: p of the calibration events."""
    random = np.random.default_rng(SEED)
    shuffled = random.permutation(len(p))
    order = shuffled[np.argsort(p[shuffled], kind="stable")]
    parts = np.array_split(order, 10)
    # Equal probabilities lie on both sides of an edge: calibration events are shared alike.
    first, last = (np.searchsorted(p[order], calibrated, side=side) for side in ("left", "right"))
    places = first + random.random(len(calibrated)) * (last - first)
    of_bin = bins_of(places, np.cumsum([len(part) for part in parts[:-1]]))
    cells = []
    for index, part in enumerate(parts):
        mean, events = float(p[part].mean(dtype=float)), int((of_bin == index).sum())
        band = laws.reliability_band(mean, events, len(part), len(parts))
        cells.append(Cell((index, mean, events), len(part), float(is_one[part].mean()), *band))
    return cells


def rows_at(prior, kind):
    """Rows of ER and NR events whose share of NR is the prior: NR thinned, never weighted."""
    zero, one = np.flatnonzero(kind == 0), np.flatnonzero(kind == 1)
    wanted = min(len(one), round(len(zero) * prior / (1 - prior)))
    chosen = np.random.default_rng(SEED).choice(one, wanted, replace=False)
    return np.concatenate([zero, chosen])


def class_uniformity(score, sample, model, answers=("er", "nr"), power=1):
    """KS p-value by class and S1 bin: `answers` are the hypotheses asked of ER and NR events."""
    found, table = {}, calibration(model)["margin"]["p_values"]
    for kind, name in enumerate(answers):
        p_values = score(model, prior=0.5).p_values[name].astype(float) ** power
        entry = table[("er", "nr").index(name)]
        bins = bins_of(sample["s1c"], entry["bin_edges"][0])
        for index, events in enumerate(entry["events_per_bin"]):
            rows = (sample["kind"] == kind) & (bins == index)
            found[name, index] = laws.uniformity(p_values[rows], events)
    return found


# MARK: False discoveries


@dataclass(frozen=True)
class Discoveries:
    """Benjamini-Hochberg over many resamples; `law`: chance of so odd a spread of p-values."""

    mean: float
    error: float
    power: float
    law: float

    @property
    def holds(self):
        return self.mean <= Q + 2 * self.error and self.power > 0 and self.law > laws.FAILURE


def resampled(normals, strange, overlap=False, factor=1.0, events=4000, anomalies=200):
    """False discoveries where each resample draws its own calibration and test events."""
    random = np.random.default_rng(SEED)
    proportions, powers, low = [], [], []
    for _ in range(RESAMPLES):
        drawn = random.permutation(normals)
        fitted, tested = drawn[:events], drawn[0 if overlap else events :][:events]
        tested = np.append(tested, random.choice(strange, anomalies, replace=False))
        p_values = laws.conformal_p_values(fitted, tested) * factor
        kept = laws.discoveries(p_values, Q)
        proportions.append(kept[:events].sum() / max(kept.sum(), 1))
        powers.append(kept[events:].mean())
        low.append((p_values[:events] <= (events // 10 + 0.5) / (events + 1)).sum())
    return Discoveries(
        float(np.mean(proportions)),
        float(np.std(proportions, ddof=1) / np.sqrt(RESAMPLES)),
        float(np.mean(powers)),
        laws.dispersion(np.array(low), events, events // 10, events + 1 - events // 10),
    )
