"""What calibrated answers promise, measured through a real daemon on the stored sample.

Every promise has a law (laws.py) and controls: wrong answers that its check must find.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

import laws
from daemon import copy_models
from measures import (
    AXES, CLASSIFIERS, COVERAGES, Q, SEED, Pairs, ask_position, bins_of, calibration,
    class_uniformity, coverage_cells, outside, reliability_cells, resampled, rows_at,
)  # fmt: skip
from measures import normal, positions, score  # noqa: F401 (fixtures)
from vigil.answers import FLAG_INFINITE

RARE = 0.005


# MARK: Coverage of intervals


def test_position_intervals_cover_in_every_s2_bin(positions, sample, normal):
    for coverage, answer in positions.items():
        assert answer.coverage == coverage and answer.method == "cqr"
        assert not answer.flags.any()
    cells = coverage_cells(positions, sample, normal)
    print(f"coverage: {len(cells) - len(outside(cells))} of {len(cells)} cells inside")
    assert len(cells) == 60 and min(cell.events for cell in cells) > 100
    assert outside(cells) == []


def test_position_intervals_are_those_of_the_formula(positions, score):
    raw = score("position-cnn", raw=True).outputs
    for coverage, answer in positions.items():
        for axis in AXES:
            entry = calibration("position-cnn")[axis]["interval"]
            bins = bins_of(raw["s2_top"].value, entry["bin_edges"][0])
            correction = np.array(
                [laws.conformal_quantile(np.float32(s), coverage) for s in entry["scores"]]
            )
            lower = raw[f"{axis}_low"].value.astype(float) - correction[bins]
            upper = raw[f"{axis}_high"].value.astype(float) + correction[bins]
            output = answer.outputs[axis]
            np.testing.assert_array_equal(output.value, raw[axis].value)
            # One unit in the last place of float32, outwards.
            assert np.all(output.lower <= lower) and np.all(output.upper >= upper)
            np.testing.assert_allclose(output.lower, lower, rtol=1.3e-7)
            np.testing.assert_allclose(output.upper, upper, rtol=1.3e-7)


def test_the_coverage_check_finds_intervals_shrunk_by_a_tenth(positions, sample, normal):
    failed = outside(coverage_cells(positions, sample, normal, shrink=0.9))
    print(f"coverage, shrunk: {len(failed)} cells outside")
    assert len(failed) >= 3 and all(cell.measured < cell.low for cell in failed)


def test_the_coverage_check_finds_the_calibration_of_another_bin(
    make_daemon, sample, normal, tmp_path
):
    def swap(interval):
        for key in ("scores", "events_per_bin"):
            interval[key].reverse()

    running = make_daemon(edited_models(tmp_path, swap))
    with running.client(timeout=120) as client:
        answers = {
            coverage: client.score(
                "position-cnn", sample["hits"], coverage=coverage, outputs=("s2_top",)
            )
            for coverage in COVERAGES
        }
    failed = outside(coverage_cells(answers, sample, normal))
    print(f"coverage, other bins: {len(failed)} cells outside")
    assert {cell.label[0] for cell in failed} == set(COVERAGES)


# MARK: Too few events


def edited_models(folder, edit):
    """The position model with `edit` applied to the calibrations of its intervals."""
    copy_models(folder, "position-cnn")
    (path,) = (folder / "position-cnn" / "1").glob("calibration-*.json")
    content = json.loads(path.read_text())
    for entry in content["outputs"]:
        edit(entry["interval"])
    path.write_text(json.dumps(content))
    return folder


def check_infinite(answer, events, coverage):
    """Infinite and flagged exactly where k > n; the value stays."""
    edges = calibration("position-cnn")["x"]["interval"]["bin_edges"][0]
    lacking = np.array([laws.conformal_rank(n, coverage) > n for n in events])
    rows = lacking[bins_of(answer.outputs["s2_top"].value, edges)]
    for axis in AXES:
        output = answer.outputs[axis]
        assert np.all(output.lower[rows] == -np.inf) and np.all(output.upper[rows] == np.inf)
        assert np.all(output.flags == np.where(rows, FLAG_INFINITE, 0))
        assert np.isfinite(output.lower[~rows]).all() and np.isfinite(output.upper[~rows]).all()
        assert np.isfinite(output.value).all()
    return rows


@pytest.mark.parametrize("coverage, infinite_bins", [(0.95, 0), (0.999, 2), (0.99999, 10)])
def test_an_interval_is_infinite_and_flagged_where_a_bin_has_too_few_events(
    score, coverage, infinite_bins
):
    events = calibration("position-cnn")["x"]["interval"]["events_per_bin"]
    assert sum(laws.conformal_rank(n, coverage) > n for n in events) == infinite_bins
    rows = check_infinite(ask_position(score, coverage), events, coverage)
    assert rows.all() if infinite_bins == 10 else rows.any() == (infinite_bins > 0)


def test_a_bin_of_five_events_holds_68_but_not_90_percent(make_daemon, sample, tmp_path):
    def thin(interval):
        interval["scores"][6] = interval["scores"][6][:5]
        interval["events_per_bin"][6] = 5

    running = make_daemon(edited_models(tmp_path, thin))
    events = calibration("position-cnn", tmp_path)["x"]["interval"]["events_per_bin"]
    with running.client(timeout=120) as client:
        for coverage, some in ((0.68, False), (0.9, True)):
            answer = client.score(
                "position-cnn", sample["hits"][:4000], coverage=coverage, outputs=("s2_top",)
            )
            bins = [b.events for b in answer.provenance.bins if b.output in AXES]
            assert bins == [tuple(events)] * 2
            rows = check_infinite(answer, events, coverage)
            assert rows.any() == some and not rows.all()


# MARK: Probabilities


@pytest.mark.parametrize("prior", [0.5, RARE])
@pytest.mark.parametrize("model", CLASSIFIERS)
def test_probabilities_are_reliable(score, sample, model, prior):
    rows, pairs = rows_at(prior, sample["kind"]), Pairs(model)
    p, is_one = score(model, prior=prior).value[rows], sample["kind"][rows] == 1
    assert is_one.mean() == pytest.approx(prior, rel=0.01)
    own = laws.shifted(laws.merged(*pairs.pair(pairs.margins)), pairs.prior, prior)
    cells = reliability_cells(p, is_one, own.astype(np.float32))
    print(f"{model} at {prior}: {10 - len(outside(cells))} of 10 bins inside", *cells, sep="\n")
    assert sum(cell.label[2] for cell in cells) == 40_000
    assert min(cell.label[2] for cell in cells) > 1000
    assert outside(cells) == []


@pytest.mark.parametrize("model", CLASSIFIERS)
def test_the_reliability_check_finds_an_ignored_prior(score, sample, model):
    rows, pairs = rows_at(RARE, sample["kind"]), Pairs(model)
    p, is_one = score(model, prior=0.5).value[rows], sample["kind"][rows] == 1
    own = laws.merged(*pairs.pair(pairs.margins)).astype(np.float32)
    failed = outside(reliability_cells(p, is_one, own))
    assert failed and failed[-1].label[0] == 9 and failed[-1].measured < failed[-1].low


@pytest.mark.parametrize("model", CLASSIFIERS)
def test_the_pair_is_that_of_isotonic_regression(score, model):
    pairs, margins = Pairs(model), score(model, raw=True).outputs["margin"].value
    answer = score(model, prior=pairs.prior)
    for row in np.random.default_rng(SEED).choice(len(margins), 40, replace=False):
        p0, p1 = laws.venn_abers(pairs.margins, pairs.is_one, margins[row])
        assert answer.lower[row] == pytest.approx(p0, rel=1e-6, abs=1e-9)
        assert answer.upper[row] == pytest.approx(p1, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("model", CLASSIFIERS)
def test_without_a_prior_that_of_the_calibration_holds(score, model):
    np.testing.assert_array_equal(score(model).value, score(model, prior=Pairs(model).prior).value)


@pytest.mark.parametrize("prior", [0.5, RARE, 0.9])
@pytest.mark.parametrize("model", CLASSIFIERS)
def test_pair_probability_and_likelihood_ratio_agree(score, model, prior):
    pairs, answer = Pairs(model), score(model, prior=prior)
    p0, p1 = pairs.pair(score(model, raw=True).outputs["margin"].value)
    p = laws.merged(p0, p1)
    assert np.all(answer.lower <= answer.value) and np.all(answer.value <= answer.upper)
    for found, wanted in ((answer.value, p), (answer.lower, p0), (answer.upper, p1)):
        np.testing.assert_allclose(found, laws.shifted(wanted, pairs.prior, prior), rtol=3e-7)
    ratio = np.log(p / (1 - p)) - np.log(pairs.prior / (1 - pairs.prior))
    np.testing.assert_allclose(answer.log_likelihood_ratio, ratio, rtol=3e-7, atol=1e-9)
    other = score(model, prior=0.5).log_likelihood_ratio
    np.testing.assert_array_equal(answer.log_likelihood_ratio, other)


# MARK: p-values


@pytest.mark.parametrize("model", CLASSIFIERS)
def test_class_p_values_are_uniform_in_their_class_and_bin(score, sample, model):
    found = class_uniformity(score, sample, model)
    print(f"{model}: smallest KS p of {len(found)}: {min(found.values()):.3g}")
    assert len(found) == 16
    assert min(found.values()) > laws.FAILURE / len(found)
    for wrong in ({"answers": ("nr", "er")}, {"power": 2}):
        assert max(class_uniformity(score, sample, model, **wrong).values()) < 1e-6


@pytest.mark.parametrize("model, bins", [("kinematic-neighbours", 8), ("pattern-autoencoder", 1)])
def test_anomaly_p_values_are_those_of_the_formula_and_uniform(score, sample, normal, model, bins):
    (entry,), answer = calibration(model)["score"]["p_values"], score(model)
    of_bin = bins_of(sample["s1c"], entry["bin_edges"][0] if bins > 1 else [])
    found, squared, strange = [], [], []
    for index, scores in enumerate(entry["scores"]):
        rows = of_bin == index
        wanted = laws.conformal_p_values(np.float32(scores), answer.value[rows])
        np.testing.assert_array_equal(answer.p_value[rows], wanted.astype(np.float32))
        own = answer.p_value[rows & normal].astype(float)
        found.append(laws.uniformity(own, len(scores)))
        squared.append(laws.uniformity(own**2, len(scores)))
        strange.append(laws.uniformity(answer.p_value[rows & ~normal], len(scores)))
    print(f"{model}: p-values of {normal.sum()} normal events: smallest KS p {min(found):.3g}")
    assert len(found) == bins and min(found) > laws.FAILURE / bins
    assert max(squared) < 1e-6 and min(strange) < 1e-6


# MARK: False discoveries


@pytest.fixture(scope="module")
def raw_anomaly(score, sample, normal):
    """Raw scores of normal events, and of the kinds that show in the hit pattern."""
    values = score("pattern-autoencoder", raw=True, outputs=("score",)).outputs["score"].value
    return values[normal], values[sample["kind"] >= 4]


def test_false_discoveries_stay_below_the_rate_asked(raw_anomaly):
    found = resampled(*raw_anomaly)
    print(found)
    assert found.holds and found.power > 0.5


@pytest.mark.parametrize("wrong", [{"factor": 0.5}, {"overlap": True}])
def test_the_false_discovery_check_finds_a_wrong_procedure(raw_anomaly, wrong):
    """Halved p-values break the rate; test events out of the calibration do not (each counts
    itself), but spread less than independent ones."""
    found = resampled(*raw_anomaly, **wrong)
    print(wrong, found)
    assert not found.holds
    assert found.law < 1e-6 if "overlap" in wrong else found.mean > Q + 2 * found.error
