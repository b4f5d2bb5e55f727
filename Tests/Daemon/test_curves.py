"""Probabilities by curves other than Venn-ABERS: fitted, chosen, served at any prior."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import expit, logit

import laws
from daemon import Daemon, copy_models

from command import edited_model, features, serving, stored, vigil_command

METHODS = ("temperature", "platt", "beta", "isotonic", "best")


@pytest.fixture(scope="module")
def served(tmp_path_factory, halves):
    """A daemon with one model a method, and what calibrating said of each."""
    folder = tmp_path_factory.mktemp("curves")
    models = copy_models(folder / "models")
    for method in METHODS:
        edited_model(
            models, "er-nr-mlp", method,
            lambda text, method=method: text.replace("method: venn-abers", f"method: {method}")
            .replace("required: true", "required: false"),
        )  # fmt: skip
    told = {}
    with Daemon(models) as running:
        serving(running, METHODS)
        data = stored(folder, **halves[0])
        for method in METHODS:
            result = vigil_command("calibrate", method, "--data", data, at=running)
            assert result.returncode == 0, result.stderr
            told[method] = result.stderr
        yield running, models, told


def curve_of(models, name):
    path = models / name / "1" / "calibration-onnxruntime-float32-cpu.json"
    return json.loads(path.read_text())["outputs"][0].get("curve")


def expected(curve, margins):
    """The probability of a curve, from its file alone."""
    kind, numbers = curve["method"], curve.get("coefficients")
    if kind == "temperature":
        return expit(numbers[0] * margins)
    if kind == "platt":
        return expit(numbers[0] * margins + numbers[1])
    if kind == "beta":
        ln_p, ln_q = -np.logaddexp(0, -margins), -np.logaddexp(0, margins)
        return expit(numbers[0] * ln_p - numbers[1] * ln_q + numbers[2])
    places = np.array(curve["places"], "f4" if curve["score_type"] == "float32" else "f8")
    return np.interp(margins, places.astype(float), curve["values"])


@pytest.mark.parametrize("prior", [None, 0.5, 0.005])
@pytest.mark.parametrize("name", METHODS)
def test_probabilities_are_those_of_the_curve(served, halves, name, prior):
    running, models, _ = served
    with running.client() as client:
        answer = client.score(name, features(halves[1]), prior=prior, outputs=["margin"])
    curve, own = curve_of(models, name), float(np.mean(halves[0]["kind"]))
    if curve is None:
        assert answer.method == "venn-abers"
        return
    assert answer.method == curve["method"] and name in (curve["method"], "best")
    wanted = expected(curve, answer.outputs["margin"].value.astype(float))
    ratio = logit(wanted) - logit(own)
    np.testing.assert_allclose(answer.log_likelihood_ratio, ratio, rtol=1e-5, atol=1e-5)
    if prior is not None:
        wanted = expit(logit(wanted) + logit(prior) - logit(own))
    np.testing.assert_allclose(answer.value, wanted, rtol=2e-6, atol=1e-12)
    assert np.all(answer.lower <= answer.value) and np.all(answer.value <= answer.upper)


@pytest.mark.parametrize("name", ["platt", "beta", "isotonic"])
def test_probabilities_hold(served, halves, name):
    """Shares of class 1 in equal bins lie in their bands, as those of Venn-ABERS do."""
    running, _, _ = served
    with running.client() as client:
        p = client.score(name, features(halves[1])).value.astype(float)
    is_one, order = halves[1]["kind"] == 1, np.argsort(p)
    for rows in np.array_split(order, 10):
        # As many calibration events fell there; the curve's own form adds what it adds.
        low, high = laws.reliability_band(float(p[rows].mean()), len(rows), len(rows), 10)
        margin = 0.01 if name != "isotonic" else 0
        assert low - margin <= is_one[rows].mean() <= high + margin


def test_the_best_is_the_one_with_the_least_log_loss(served):
    _, models, told = served
    line = next(line for line in told["best"].splitlines() if "log loss" in line)
    losses = [entry.split() for entry in line.split("in nats: ")[1].split(", ")]
    assert {name for name, _ in losses} == {"venn-abers", *METHODS[:-1]}
    values = [float(value) for _, value in losses]
    assert values == sorted(values)
    curve = curve_of(models, "best")
    assert losses[0][0] == ("venn-abers" if curve is None else curve["method"])
    assert "log loss" not in told["platt"]


def test_a_calibration_by_another_method_is_refused(served, halves, tmp_path):
    _, models, _ = served
    other = copy_models(tmp_path / "models")
    edited_model(
        other, "er-nr-mlp", "platt",
        lambda text: text.replace("method: venn-abers", "method: platt")
        .replace("required: true", "required: false"),
    )  # fmt: skip
    name = "calibration-onnxruntime-float32-cpu.json"
    (other / "platt" / "1" / name).write_text(
        (models / "isotonic" / "1" / name).read_text().replace('"isotonic",', '"platt",', 1)
    )
    with Daemon(other) as running, running.client() as client:
        reason = client.models("platt")[0].calibration_reason
    assert "is not calibrated by platt" in reason
