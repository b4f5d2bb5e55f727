"""What `vigil calibrate` reports, against numpy and scipy on the daemon's raw scores."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from scipy import optimize
from scipy.special import expit

import laws
from daemon import Daemon, copy_models
from measures import bins_of

from command import (
    REFERENCE,
    answer,
    complaint,
    document,
    edited_model,
    features,
    misuse,
    serving,
    stored,
    vigil_command,
)

S1_EDGES = [6, 10, 15, 22, 30, 40, 55]
S2_EDGES = [600, 800, 1000, 1300, 1700, 2300, 3200, 4500, 6500]
COVERAGES = (0.68, 0.8, 0.9, 0.95)
REGION_COVERAGES = (0.393, 0.68, 0.9)
P_VALUES = (0.1, 0.01)
ROWS = 500
CALIBRATION = "calibration-onnxruntime-float32-cpu.json"


def limits(text):
    """An upper limit of x in cells of two columns, both ends of y apart, coverage 0.8."""
    quantiles = "method: cqr\n      lower: {0}_low\n      upper: {0}_high".format
    assert quantiles("x") in text and quantiles("y") in text
    text = text.replace(quantiles("x"), "method: absolute\n      side: upper")
    text = text.replace(quantiles("y"), quantiles("y").replace("cqr", "cqr-asymmetric"))
    cells = "[{output: s2_top, edges: [1000, 3000]}, {output: x, edges: [0]}]"
    bins = f"{{output: s2_top, edges: {S2_EDGES}}}"
    assert text.count(bins) == 2 and "  regions: [{outputs: [x, y]}]\n" in text
    text = text.replace(bins, cells, 1).replace("  regions: [{outputs: [x, y]}]\n", "")
    return text.replace("coverage: 0.9", "coverage: 0.8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = copy_models(tmp_path_factory.mktemp("models"), *REFERENCE)
    edited_model(
        folder, "position-cnn", "limits",
        lambda text: limits(text).replace("required: true", "required: false"),
    )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def served(folder):
    with Daemon(folder) as running:
        yield serving(running, [*REFERENCE, "limits"])


@pytest.fixture(scope="module")
def reports(served, halves, tmp_path_factory):
    """The report of every model, its page, and raw scores of the events that calibrated."""
    place = tmp_path_factory.mktemp("reports")
    data = stored(place, **halves[0])
    found = {}
    for name in (*REFERENCE, "limits"):
        page = place / f"{name}.svg"
        report = document("calibrate", name, "--data", data, "--report", page, at=served)
        on_features = name.startswith(("er-nr", "kinematic", "trigger"))
        inputs = features(halves[0]) if on_features else halves[0]["hits"]
        with served.client() as client:
            outputs = client.score(name, inputs, raw=True).outputs
        raw = {key: output.value.astype(float) for key, output in outputs.items()}
        found[name] = report, page, raw
    return found


@pytest.fixture
def few(sample):
    return {name: column[:ROWS] for name, column in sample.items()}


def assert_cells(cells, output, levels, bins, fitted, tested, held, band):
    """Cells of an output, level by level: their counts and bands."""
    own = [cell for cell in cells if cell["output"] == output]
    assert [cell["nominal"] for cell in own] == [level for level in levels for _ in range(bins)]
    for index, cell in enumerate(own):
        level, bin = divmod(index, bins)
        assert (cell["calibration_events"], cell["events"]) == (fitted[bin], tested[bin])
        assert cell["measured"] * cell["events"] == pytest.approx(held[level][bin], abs=1e-6)
        wanted = band(fitted[bin], tested[bin], levels[level])
        assert (cell["low"], cell["high"]) == pytest.approx(wanted, abs=1e-12)
        assert cell["low"] <= cell["measured"] <= cell["high"]


def assert_widths(report, output, coverage, widths, events):
    """`widths(coverage)` gives the widths of each bin's events."""
    entries = [
        entry for entry in report["widths"]
        if (entry["output"], entry["nominal"]) == (output, coverage)
    ]  # fmt: skip
    assert [entry["events"] for entry in entries] == list(events)
    for entry, own, count in zip(entries, widths(coverage), events, strict=True):
        shift = np.sqrt(coverage * (1 - coverage) / count)
        ends = [np.mean(widths(coverage + sign * shift)[entries.index(entry)]) for sign in (-1, 1)]
        error = np.hypot(np.std(own, ddof=1) / np.sqrt(count), (ends[1] - ends[0]) / 2)
        found = entry["width"]
        wanted = [np.mean(own), *np.quantile(own, [0.5, 0.1, 0.9], method="inverted_cdf")]
        assert [found[key] for key in ("mean", "median", "p10", "p90")] == pytest.approx(wanted)
        assert entry["unit"] == "mm"
        if np.isfinite(error):
            assert found["error"] == pytest.approx(error)
        else:
            assert found["error"] is None


def rounded_up(quantile):
    single = np.float32(quantile)
    return float(np.nextafter(single, np.float32(np.inf)) if single < quantile else single)


def quantiles(scores, cells, count, coverage):
    """One a bin, rounded up to single precision as files are."""
    return [
        rounded_up(laws.conformal_quantile(scores[cells == bin], coverage)) for bin in range(count)
    ]


# MARK: Intervals


@pytest.mark.parametrize("axis", "xy")
def test_coverage_is_that_of_halves_drawn_by_lot(reports, halves, axis):
    report, _, raw = reports["position-cnn"]
    truth = halves[0][f"true_{axis}"].astype(float)
    low, high, cells = raw[f"{axis}_low"], raw[f"{axis}_high"], bins_of(raw["s2_top"], S2_EDGES)
    scores = np.maximum(low - truth, truth - high)
    fitted = laws.dealt(2, cells) == 0
    counts = [np.bincount(cells[part], minlength=10) for part in (fitted, ~fitted)]
    assert np.all((0 <= counts[0] - counts[1]) & (counts[0] - counts[1] <= 1))
    levels = [coverage for coverage in COVERAGES if coverage != 0.8]
    held = []
    for coverage in levels:
        q = np.array(quantiles(scores[fitted], cells[fitted], 10, coverage))[cells]
        inside = (low - q <= truth) & (truth <= high + q)
        held.append([np.sum(inside[~fitted & (cells == bin)]) for bin in range(10)])
    assert_cells(
        report["coverage"], axis, levels, 10, *counts, held,
        lambda n, m, coverage: laws.coverage_band(n, m, coverage, 60),
    )  # fmt: skip
    assert report["outputs"][axis] == list(counts[0] + counts[1])

    def widths(coverage):
        q = quantiles(scores, cells, 10, coverage)
        return [(high - low)[cells == bin] + 2 * q[bin] for bin in range(10)]

    for coverage in levels:
        assert_widths(report, axis, coverage, widths, report["outputs"][axis])


def test_a_limit_and_ends_apart_have_their_own_bands(reports, halves):
    report, _, raw = reports["limits"]
    assert report["default_coverage"] == 0.8
    assert report["bin_columns"] == {"x": ["s2_top", "x"], "y": ["s2_top"]}
    x, true_x = raw["x"], halves[0]["true_x"].astype(float)
    cells = 2 * bins_of(raw["s2_top"], [1000, 3000]) + bins_of(x, [0])
    fitted = laws.dealt(2, cells) == 0
    counts = [np.bincount(cells[part], minlength=6) for part in (fitted, ~fitted)]
    held = []
    for coverage in COVERAGES:
        q = np.array(quantiles((true_x - x)[fitted], cells[fitted], 6, coverage))[cells]
        held.append(np.bincount(cells[~fitted & (true_x <= x + q)], minlength=6))
    total = 4 * (6 + 10)
    assert_cells(
        report["coverage"], "x", COVERAGES, 6, *counts, held,
        lambda n, m, coverage: laws.coverage_band(n, m, coverage, total),
    )  # fmt: skip

    def distances(coverage):
        q = quantiles(true_x - x, cells, 6, coverage)
        return [np.full(np.sum(cells == bin), q[bin]) for bin in range(6)]

    assert {entry["side"] for entry in report["widths"] if entry["output"] == "x"} == {"upper"}
    assert_widths(report, "x", 0.8, distances, report["outputs"]["x"])

    truth, cells = halves[0]["true_y"].astype(float), bins_of(raw["s2_top"], S2_EDGES)
    fitted = laws.dealt(2, cells) == 0
    counts = [np.bincount(cells[part], minlength=10) for part in (fitted, ~fitted)]
    held = []
    for coverage in COVERAGES:
        end = round((1 + coverage) / 2, 6)
        below, above = (
            np.array(quantiles(scores[fitted], cells[fitted], 10, end))[cells]
            for scores in (raw["y_low"] - truth, truth - raw["y_high"])
        )
        inside = (raw["y_low"] - below <= truth) & (truth <= raw["y_high"] + above)
        held.append(np.bincount(cells[~fitted & inside], minlength=10))

    def of_ends(fitted, tested, coverage):
        # Each end may miss half, and its band a quarter of what the interval's band may.
        low, high = laws.coverage_band(fitted, tested, round((1 + coverage) / 2, 6), 2 * total)
        return max(0, 2 * low - 1), high

    assert_cells(report["coverage"], "y", COVERAGES, 10, *counts, held, of_ends)


# MARK: Ellipses


def test_ellipses_are_covered_as_halves_say(reports, halves):
    report, _, raw = reports["position-cnn"]
    cells = bins_of(raw["s2_top"], S2_EDGES)
    scales = np.stack([(raw[f"{axis}_high"] - raw[f"{axis}_low"]) / 2 for axis in "xy"])
    misses = np.stack([halves[0][f"true_{axis}"].astype(float) - raw[axis] for axis in "xy"])
    residuals = misses / scales

    def fit(rows):
        """Shapes from every fourth event, scores of the others."""
        shapes, scores = [], []
        for bin in range(10):
            shaping = rows[::4][cells[rows[::4]] == bin]
            moments = residuals[:, shaping] @ residuals[:, shaping].T / len(shaping)
            # Fewer than twenty shape no ellipse.
            shapes.append(moments if len(shaping) >= 20 else np.eye(2))
            others = np.delete(rows, np.s_[::4])
            scores.append(distance(others[cells[others] == bin], shapes[-1]))
        return shapes, scores

    def distance(rows, shape):
        part = residuals[:, rows]
        return np.sqrt(np.sum(part * np.linalg.solve(shape, part), axis=0))

    is_fitted = laws.dealt(2, cells) == 0
    shapes, scores = fit(np.flatnonzero(is_fitted))
    tested = [np.flatnonzero(~is_fitted & (cells == bin)) for bin in range(10)]
    held = [
        [
            np.sum(distance(tested[bin], shapes[bin]) <= laws.conformal_quantile(scores[bin], c))
            for bin in range(10)
        ]
        for c in REGION_COVERAGES
    ]
    assert_cells(
        report["regions"], "x,y", REGION_COVERAGES, 10,
        [len(part) for part in scores], [len(part) for part in tested], held,
        lambda n, m, coverage: laws.coverage_band(n, m, coverage, 30),
    )  # fmt: skip

    shapes, scores = fit(np.arange(len(cells)))
    assert report["outputs"]["x,y"] == [len(part) for part in scores]
    for index, entry in enumerate(report["region_sizes"]):
        level, bin = divmod(index, 10)
        assert entry["nominal"] == REGION_COVERAGES[level] and entry["output"] == "x,y"
        rows = cells == bin
        assert entry["events"] == rows.sum()
        radius = laws.conformal_quantile(scores[bin], REGION_COVERAGES[level])
        matrices = scales[:, None, rows] * shapes[bin][:, :, None] * scales[None, :, rows]
        axes = radius * np.sqrt(np.linalg.eigvalsh(np.moveaxis(matrices, 2, 0)))
        assert entry["major"]["mean"] == pytest.approx(np.mean(axes[:, 1]), rel=1e-6)
        assert entry["area"]["mean"] == pytest.approx(np.mean(np.pi * axes.prod(1)), rel=1e-6)
        assert 0 < entry["major"]["error"] < entry["major"]["mean"] / 4


# MARK: P-values


@pytest.mark.parametrize("name", ["er-nr-mlp", "er-nr-tree", "pattern-autoencoder"])
def test_p_values_are_as_small_as_halves_say(reports, halves, name):
    report, _, raw = reports[name]
    kind = halves[0]["kind"]
    if name == "pattern-autoencoder":
        classes, edges = [("score/normal", raw["score"], kind <= 1)], []
    else:
        classes = [(f"margin/{n}", (1 - 2 * k) * raw["margin"], kind == k)
                   for k, n in enumerate(("er", "nr"))]  # fmt: skip
        edges = S1_EDGES
    bins = len(edges) + 1
    cut = bins_of(halves[0]["s1c"], edges)
    cells_in_all = bins * len(classes) * len(P_VALUES)
    for output, scores, members in classes:
        scores, cells = scores[members], cut[members]
        fitted = laws.dealt(2, cells) == 0
        counts = [np.bincount(cells[part], minlength=bins) for part in (fitted, ~fitted)]
        held = np.zeros((2, bins), int)
        for bin in range(bins):
            own = cells == bin
            p = laws.conformal_p_values(scores[fitted & own], scores[~fitted & own])
            held[:, bin] = [np.sum(p <= level) for level in P_VALUES]

        def band(n, m, level):
            low, high = laws.coverage_band(n, m, 1 - level, cells_in_all)
            return 1 - high, 1 - low

        assert_cells(report["p_values"], output, P_VALUES, bins, *counts, held, band)
        floors = [entry for entry in report["floors"] if entry["output"] == output]
        events = np.bincount(cells, minlength=bins)
        assert [entry["events"] for entry in floors] == list(events) == report["outputs"][output]
        assert [entry["floor"] for entry in floors] == pytest.approx(1 / (events + 1))


# MARK: Probabilities


def fitted_curve(method, margins, is_one):
    """A curve from margins to probabilities."""
    ones = is_one.sum()
    if method == "isotonic":
        order = np.argsort(margins)
        values = optimize.isotonic_regression(is_one[order].astype(float)).x
        least = 1 / (len(margins) + 2)
        return lambda z: np.interp(z, margins[order], np.clip(values, least, 1 - least))
    # Platt's targets.
    target = np.where(is_one, (ones + 1) / (ones + 2), 1 / (len(is_one) - ones + 2))
    columns = [margins, np.ones(len(margins))][: 2 if method == "platt" else 1]

    def loss(c):
        logit = sum(a * column for a, column in zip(c, columns))
        return np.mean(np.logaddexp(0, logit) - target * logit)

    best = optimize.minimize(loss, np.ones(len(columns)), tol=1e-12).x
    return lambda z: expit(best[0] * z + (best[1] if method == "platt" else 0))


@pytest.mark.parametrize("name", ["er-nr-mlp", "er-nr-tree"])
def test_losses_are_those_of_folds_held_out(reports, halves, name):
    report, _, raw = reports[name]
    (entry,) = report["probabilities"]
    margins, is_one = raw["margin"], halves[0]["kind"] == 1
    parts = laws.dealt(5, is_one.astype(int))
    assert (entry["output"], entry["of"], entry["method"]) == ("margin", "nr", "venn-abers")
    assert entry["events"] == {"er": np.sum(~is_one), "nr": np.sum(is_one)}
    assert entry["prior"] == pytest.approx(is_one.mean()) and entry["folds"] == 5
    losses = {loss["method"]: loss for loss in entry["losses"]}
    assert set(losses) == {"temperature", "platt", "beta", "venn-abers", "isotonic"}
    ordered = [loss["log_loss"] for loss in entry["losses"]]
    assert ordered == sorted(ordered)
    for method in ("temperature", "platt", "isotonic"):
        p = np.empty(len(margins))
        for fold in range(5):
            out = parts == fold
            p[out] = fitted_curve(method, margins[~out], is_one[~out])(margins[out])
        own = -np.log(np.where(is_one, p, 1 - p))
        found = losses[method]
        assert found["log_loss"] == pytest.approx(own.mean(), rel=1e-4)
        assert found["log_loss_error"] == pytest.approx(
            own.std(ddof=1) / np.sqrt(len(own)), rel=1e-3
        )
        assert found["brier"] == pytest.approx(np.mean((p - is_one) ** 2), rel=1e-3)


def test_pairs_reliability_and_sharpness_are_those_of_folds_held_out(served, halves, tmp_path):
    """A few events, of which the definition of Venn-ABERS is quick enough."""
    few = {name: column[:400] for name, column in halves[0].items()}
    result = vigil_command(
        "calibrate", "er-nr-mlp", "--data", stored(tmp_path, **few), "--json", "--no-reload",
        "--output", tmp_path / "calibration.json", at=served,
    )  # fmt: skip
    report = json.loads(result.stdout)
    with served.client() as client:
        margins = client.score("er-nr-mlp", features(few), raw=True).value.astype(float)
    is_one = few["kind"] == 1
    parts = laws.dealt(5, is_one.astype(int))
    pairs = np.array([
        laws.venn_abers(margins[parts != part], is_one[parts != part], margin)
        for margin, part in zip(margins, parts)
    ])  # fmt: skip
    (entry,) = report["probabilities"]
    widths = pairs[:, 1] - pairs[:, 0]
    assert entry["pair_width"]["mean"] == pytest.approx(widths.mean(), abs=1e-9)
    p = laws.merged(*pairs.T)
    for one, name in enumerate(("er", "nr")):
        counts, _ = np.histogram(p[is_one == one], entry["histogram"]["edges"])
        # A probability on an edge may be on either side of it after rounding.
        assert np.abs(np.cumsum(counts - entry["histogram"]["events"][name])).sum() <= 4
    cells = report["reliability"]
    assert [cell["events"] for cell in cells] == [40] * 10
    assert sum(cell["nominal"] * 40 for cell in cells) == pytest.approx(p.sum())
    assert sum(cell["measured"] * 40 for cell in cells) == pytest.approx(is_one.sum())
    for cell, part in zip(cells, np.array_split(np.sort(p), 10), strict=True):
        assert cell["nominal"] == pytest.approx(part.mean(), abs=1e-9)
        assert 0 <= cell["low"] <= cell["measured"] <= cell["high"] <= 1
        # Four fifths of the bin's events made its curve, which rounds to a whole event.
        bands = [laws.reliability_band(cell["nominal"], n, 40, 10) for n in range(29, 36)]
        assert any((cell["low"], cell["high"]) == pytest.approx(band) for band in bands)


# MARK: Bins that lack events


def test_bins_that_lack_events_are_named(served, few, write, tmp_path):
    target = tmp_path / "calibration.json"
    options = ("--data", write(**few), "-o", target, "--no-reload", "--json")
    result = vigil_command("calibrate", "position-cnn", *options, at=served)
    assert result.returncode == 0
    report = json.loads(result.stdout)
    told = [line.removeprefix("warning: ") for line in result.stderr.splitlines()]
    assert told == report["warnings"]
    kinds = {(entry["output"], entry["nominal"]) for entry in report["lacking"]}
    starts = {f"{output} at {100 * level:.4g} %: infinite" for output, level in kinds}
    assert {line[: line.index("infinite") + 8] for line in told} == starts
    lacking = {(x["output"], x["nominal"], x["bin"]): x for x in report["lacking"]}
    labels = list(dict.fromkeys(cell["bin"] for cell in report["coverage"]))
    for output, levels in (("x", (0.68, 0.9, 0.95)), ("x,y", REGION_COVERAGES)):
        for level in levels:
            for label, events in zip(labels, report["outputs"][output], strict=True):
                entry = lacking.pop((output, level, label), None)
                assert (entry is not None) == (laws.conformal_rank(events, level) > events)
                if entry:
                    assert entry["events"] == events < entry["needed"]
                    assert laws.conformal_rank(entry["needed"], level) == entry["needed"]
    assert {output for output, _, _ in lacking} == {"y"}
    for entry in report["widths"]:
        width = [entry["width"][key] for key in ("mean", "error", "median", "p10", "p90")]
        is_infinite = laws.conformal_rank(entry["events"], entry["nominal"]) > entry["events"]
        assert (width == [None] * 5) == is_infinite
    assert json.loads(target.read_text())["events"] == report["events"]


def test_p_values_that_no_bin_can_give_are_named(served, few, write, tmp_path):
    options = ("--data", write(**few), "-o", tmp_path / "c.json", "--no-reload", "--json")
    result = vigil_command("calibrate", "er-nr-tree", *options, at=served)
    report = json.loads(result.stdout)
    told = {line.split(":")[1].strip(): line for line in result.stderr.splitlines()}
    for name in ("er", "nr"):
        output = f"margin/{name}"
        thin = [n for n in report["outputs"][output] if 1 / (n + 1) > 0.01]
        assert thin and "no p-value of 0.01 or less" in told[output]
        assert re.findall(r"\((\d+) events\)", told[output]) == [str(n) for n in thin]
        measured = [c for c in report["p_values"] if (c["output"], c["nominal"]) == (output, 0.01)]
        nothing = [c for c in measured if c["calibration_events"] < 99]
        assert nothing and all(c["measured"] == c["high"] == 0 for c in nothing)


# MARK: Text, JSON and page


KEYS = {
    "model", "version", "digest", "engine", "precision", "device_class", "events", "file",
    "outputs", "bin_columns", "effective_events", "default_coverage", "coverage", "widths", "regions", "region_sizes",
    "p_values", "probabilities", "reliability", "lacking", "floors", "guarantees", "warnings",
    "reload",
}  # fmt: skip
CELL = {
    "model", "output", "bin", "nominal", "measured", "low", "high", "events", "calibration_events"
}  # fmt: skip
TITLES = {
    "er-nr-mlp": ("Reliability of venn-abers", "Probabilities by class", "P-values of at most"),
    "er-nr-tree": ("Reliability of venn-abers", "Probabilities by class", "P-values of at most"),
    "pattern-autoencoder": ("P-values of at most 0.1", "P-values of at most 0.01"),
    "position-cnn": ("Coverage of held-out", "Width at 90 %", "Coverage of ellipses", "Longer"),
    "limits": ("Coverage of held-out", "Width at 80 %"),
}


@pytest.mark.parametrize("name", TITLES)
def test_every_model_has_its_report_and_its_page(reports, served, halves, name):
    report, page, _ = reports[name]
    assert set(report) == KEYS
    with served.client() as client:
        model = client.models(name)[0]
    assert (report["model"], report["digest"]) == (name, model.digest)
    assert (report["version"], report["events"]) == ("1", len(halves[0]["kind"]))
    for table in ("coverage", "regions", "p_values"):
        assert all(set(cell) == CELL for cell in report[table])
    assert report["warnings"] == report["lacking"] == []
    assert len(report["guarantees"]) >= 2 and "drawn by lot" in report["guarantees"][0]
    root = ElementTree.parse(page).getroot()
    texts = ["".join(element.itertext()) for element in root.iter() if "text" in element.tag]
    assert f"vigil calibrate: {name} 1, 8000 events" in texts
    for title in TITLES[name]:
        assert any(text.startswith(title) for text in texts), title
    for element in root.iter():
        for value in element.attrib.values():
            assert "nan" not in value and "inf" not in value


@pytest.mark.parametrize("name", TITLES)
def test_the_report_for_people_tells_the_same(reports, served, halves, write, tmp_path, name):
    report = reports[name][0]
    text = answer(
        "calibrate", name, "--data", write(**halves[0]), "-o", tmp_path / "c.json", "--no-reload",
        at=served,
    )  # fmt: skip
    for table in ("coverage", "regions", "p_values", "reliability"):
        if report[table]:
            count = len(report[table])
            assert f": {count} of {count} inside their bands" in text
    cells = report["coverage"] + report["regions"]
    assert len(cells) - text.count(" infinite") == sum(c["low"] < 1 for c in cells)
    for cell in cells:
        if cell["low"] == 1:
            continue
        numbers = [f"{cell[key]:.3f}" for key in ("measured", "low", "high")]
        assert "{} in [{}, {}]".format(*numbers) in text
    for guarantee in report["guarantees"]:
        assert f"- {guarantee}\n" in text
    for entry in report["probabilities"]:
        for loss in entry["losses"]:
            assert re.search(rf"{loss['method']} +{loss['log_loss']:.5f} ", text)
    assert "nan" not in text and "OUTSIDE" not in text


def test_a_page_of_thin_bins_has_no_infinite_marks(served, few, write, tmp_path):
    page = tmp_path / "page.svg"
    options = ("-o", tmp_path / "c.json", "--no-reload", "--report", page)
    one = {name: column[few["kind"] <= 1][:12] for name, column in few.items()}
    result = vigil_command("calibrate", "limits", "--data", write(**one), *options, at=served)
    assert result.returncode == 0, result.stderr
    assert " inf " in result.stdout and " infinite" in result.stdout
    assert f"report: {page}" in result.stdout
    for element in ElementTree.parse(page).getroot().iter():
        for value in element.attrib.values():
            assert "nan" not in value and "inf" not in value


# MARK: Refusals


def lone(few):
    """One nuclear recoil only."""
    rows = np.append(np.flatnonzero(few["kind"] == 0)[:50], np.flatnonzero(few["kind"] == 1)[0])
    return {name: column[rows] for name, column in few.items()}


@pytest.mark.parametrize(
    "name, change, told",
    [
        ("er-nr-mlp", lone, "[kind]: found 1 event of class nr (label 1), allowed are at least 2"),
        (
            "position-cnn", lambda few: {n: c[few["kind"] <= 1][:3] for n, c in few.items()},
            "[true_x]: found 3 events with finite truths, allowed are at least 4",
        ),
    ],
)  # fmt: skip
def test_too_few_events_to_hold_any_out_are_told(
    served, few, write, tmp_path, name, change, told
):
    target, page = tmp_path / "calibration.json", tmp_path / "page.svg"
    line = complaint(
        "calibrate", name, "--data", write(**change(few)), "-o", target, "--report", page,
        at=served,
    )  # fmt: skip
    assert told in line and not target.exists() and not page.exists()


def test_a_page_that_cannot_be_written_is_told_first(served, few, write, tmp_path):
    target = tmp_path / "calibration.json"
    for page in (tmp_path / "none" / "page.svg", tmp_path / "folder.svg"):
        (tmp_path / "folder.svg").mkdir(exist_ok=True)
        line = complaint(
            "calibrate", "er-nr-tree", "--data", write(**few), "-o", target, "--report", page,
            at=served,
        )  # fmt: skip
        assert str(page.parent) in line and not target.exists()


def test_a_page_of_another_kind_is_refused():
    told = misuse("calibrate", "er-nr-tree", "--data", "data.npz", "--report", "page.png")
    assert "--report page.png: the file must end in .svg" in told
