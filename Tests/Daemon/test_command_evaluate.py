"""`vigil evaluate`: table, JSON and report against what the Python client finds."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from daemon import SAMPLE

from command import (
    FEATURES,
    REFERENCE,
    answer,
    complaint,
    document,
    edited_model,
    features,
    serving,
    vigil_command,
)

ROWS = 500


@pytest.fixture
def few(sample):
    return {name: column[:ROWS] for name, column in sample.items()}


@pytest.fixture(scope="module")
def evaluated(served, tmp_path_factory):
    """The evaluation of the sample, and its report."""
    page = tmp_path_factory.mktemp("report") / "page.svg"
    return document("evaluate", SAMPLE, "--report", page, at=served), page


def inside(cells):
    return sum(not c["events"] or c["low"] <= c["measured"] <= c["high"] for c in cells)


def test_an_evaluation_as_json_has_everything(evaluated, served):
    report, _ = evaluated
    assert set(report) == {
        "events", "coverage", "regions", "sets", "reliability", "auc", "anomalies", "models"
    }  # fmt: skip
    assert report["events"] == 20_000
    assert [model["name"] for model in report["models"]] == list(REFERENCE)
    with served.client() as client:
        digests = [model.digest for model in client.models()]
    assert [model["digest"] for model in report["models"]] == digests
    for model in report["models"]:
        assert model["events_per_second"] > 0
        assert 0 < model["latency_us"]["p50"] <= model["latency_us"]["p99"]
    assert len(report["coverage"]) == 2 * 10 * 3 and len(report["reliability"]) == 2 * 3 * 10
    for cell in report["coverage"] + report["reliability"]:
        assert 0 <= cell["low"] <= cell["high"] <= 1 and 0 <= cell["measured"] <= 1
    assert len(report["regions"]) == inside(report["regions"]) == 3 * 10
    assert inside(report["coverage"]) == 60 and inside(report["reliability"]) == 60
    assert {cell["prior"] for cell in report["reliability"]} == {0.5, 0.005}
    assert not any("prior" in cell for cell in report["coverage"])


@pytest.mark.parametrize("coverage", [0.68, 0.9, 0.95])
def test_the_coverage_told_is_the_one_that_the_client_finds(
    evaluated, served, sample, coverage
):
    normal = sample["kind"] <= 1
    with served.client() as client:
        scores = client.score("position-cnn", sample["hits"][normal], coverage=coverage)
    for axis, output in scores.outputs.items():
        truth = sample[f"true_{axis}"][normal]
        held = np.sum((output.lower <= truth) & (truth <= output.upper))
        cells = [
            cell for cell in evaluated[0]["coverage"]
            if (cell["output"], cell["nominal"]) == (axis, coverage)
        ]  # fmt: skip
        assert sum(cell["events"] for cell in cells) == normal.sum()
        assert sum(cell["events"] * cell["measured"] for cell in cells) == pytest.approx(held)


def test_the_auc_told_is_the_one_that_the_client_finds(evaluated, served, sample):
    chosen = sample["kind"] <= 1
    nuclear = sample["kind"][chosen] == 1
    for entry in evaluated[0]["auc"]:
        with served.client() as client:
            ratio = client.score(entry["model"], features(sample, chosen)).log_likelihood_ratio
        other = np.sort(ratio[~nuclear])
        ranks = [np.searchsorted(other, ratio[nuclear], side=side) for side in ("left", "right")]
        assert entry["auc"] == pytest.approx(np.mean(ranks) / len(other), abs=1e-9)


def test_the_anomalies_told_are_those_of_benjamini_and_hochberg(evaluated, served, sample):
    inputs = {"kinematic-neighbours": features(sample), "pattern-autoencoder": sample["hits"]}
    assert [told["model"] for told in evaluated[0]["anomalies"]] == list(inputs)
    for told in evaluated[0]["anomalies"]:
        with served.client() as client:
            p = client.score(told["model"], inputs[told["model"]]).p_value.astype("f8")
        order = np.sort(p)
        passing = np.flatnonzero(order <= 0.1 * np.arange(1, len(p) + 1) / len(p))
        kept = p <= order[passing[-1]]
        assert (told["q"], told["kept"]) == (0.1, kept.sum())
        share = np.mean(sample["kind"][kept] <= 1)
        assert told["false_discovery_proportion"] == pytest.approx(share)


def test_an_evaluation_for_people_tells_the_same(evaluated, served):
    report, _ = evaluated
    text = answer("evaluate", SAMPLE, at=served)
    lines = text.splitlines()
    assert lines[0] == "20000 events"
    assert f"bin by bin: {inside(report['coverage'])} of 60 inside their bands" in text
    for prior in (0.5, 0.005):
        cells = [cell for cell in report["reliability"] if cell["prior"] == prior]
        assert f"prior {prior}: {inside(cells)} of 30 inside their bands" in text
    assert text.count("OUTSIDE") == 60 + 60 - inside(report["coverage"] + report["reliability"])
    for entry in report["auc"]:
        assert f"{entry['model']}: AUC {entry['auc']:.5f}" in lines
    for entry in report["anomalies"]:
        assert f"{entry['model']}: anomalies kept at q = 0.1: {entry['kept']}, " in text
    assert "nan" not in text


def test_the_report_is_well_formed_svg(evaluated):
    _, page = evaluated
    root = ElementTree.parse(page).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    texts = ["".join(element.itertext()) for element in root.iter() if "text" in element.tag]
    assert "vigil evaluate: 20000 events" in texts
    for title in ("Reconstructed position", "Coverage bin by bin", "Scores of er-nr-mlp"):
        assert any(text.startswith(title) for text in texts)
    for element in root.iter():
        for value in element.attrib.values():
            assert "nan" not in value and "inf" not in value
    circles = [element for element in root.iter() if element.tag.endswith("}circle")]
    assert len(circles) > 1000


def test_the_coverages_and_the_rate_are_those_asked(served, few, write):
    report = document(
        "evaluate", write(**few), "--coverage", 0.5, "--coverage", 0.8, "--fdr", 0.3,
        at=served,
    )  # fmt: skip
    assert {cell["nominal"] for cell in report["coverage"]} == {0.5, 0.8}
    assert {entry["q"] for entry in report["anomalies"]} == {0.3}
    assert report["events"] == ROWS


def test_equal_probabilities_do_not_sort_the_classes(served, few, write):
    alike = {name: np.repeat(few[name][:1], 1000, axis=0) for name in (*FEATURES, "hits")}
    path = write(**alike, kind=np.arange(1000) // 500)
    report = json.loads(vigil_command("evaluate", path, "--json", at=served).stdout)
    for model in ("er-nr-mlp", "er-nr-tree"):
        cells = [
            cell for cell in report["reliability"]
            if (cell["model"], cell["prior"]) == (model, 0.5)
        ]  # fmt: skip
        assert [cell["events"] for cell in cells] == [100] * 10
        # Eleven standard deviations and more if one class came first.
        assert all(0.25 < cell["measured"] < 0.75 for cell in cells)


def test_a_model_without_labels_is_left_out_and_named(served, few, write):
    few.pop("true_x")
    result = vigil_command("evaluate", write(**few), "--json", at=served)
    assert result.returncode == 0
    report = json.loads(result.stdout)
    assert "position-cnn" not in [model["name"] for model in report["models"]]
    assert report["coverage"] == [] and len(report["auc"]) == 3
    assert "position-cnn" in result.stderr and "'true_x'" in result.stderr


FEW_KINDS = "[kind]: found 400 values for 500 events"
NO_NR = "[kind]: no event of class nr (label 1)"
WRONG_EVENTS = {
    "no hits": (lambda few: few.pop("hits"), "'hits'"),
    "short kind": (lambda few: few.update(kind=few["kind"][:400]), FEW_KINDS),
    "long kind": (lambda few: few.update(kind=np.arange(600) % 2), "[kind]: found 600 values"),
    "short truth": (lambda few: few.update(true_x=few["true_x"][:400]), "[true_x]: found 400"),
    "long truth": (lambda few: few.update(true_x=np.zeros(600)), "[true_x]: found 600 values"),
    "one class": (lambda few: few.update(kind=np.zeros(ROWS, "i4")), NO_NR),
    "nothing known": (lambda few: [few.pop(name) for name in ("kind", "true_x")], "no model that"),
    "no events": (lambda few: [few.update({n: c[:0]}) for n, c in few.items()], "holds no events"),
}


@pytest.mark.parametrize("case", WRONG_EVENTS)
def test_events_that_cannot_be_evaluated_are_told(served, few, write, tmp_path, case):
    change, named = WRONG_EVENTS[case]
    change(few)
    page = tmp_path / "page.svg"
    path = write(**few)
    result = vigil_command("evaluate", path, "--report", page, "--json", at=served)
    assert (result.returncode, result.stdout) == (1, ""), result.stderr
    assert named in result.stderr.replace(str(path), "")
    assert not page.exists()


def test_a_daemon_without_calibrated_models_is_told(tmp_path, make_daemon):
    edited_model(
        tmp_path, "er-nr-tree", "no-interval", lambda text: text.split("uncertainty:")[0]
    )
    running = serving(make_daemon(tmp_path), ["no-interval"])
    assert "no calibrated model" in complaint("evaluate", SAMPLE, at=running)


def test_a_report_that_cannot_be_written_is_told(served, few, write, tmp_path):
    page = tmp_path / "none" / "page.svg"
    line = complaint("evaluate", write(**few), "--report", page, at=served)
    assert str(page.parent) in line
