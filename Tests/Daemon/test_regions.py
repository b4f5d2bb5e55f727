"""Ellipses for two outputs together: calibrated, served, covered bin by bin."""

from __future__ import annotations

import json

import numpy as np
import pytest

import laws
from daemon import Daemon, copy_models
from measures import bins_of
from vigil import FLAG_INFINITE, FLAG_NONFINITE

from command import document, edited_model, serving, stored, vigil_command

NAME = "ellipses"
COVERAGES = (0.393, 0.68, 0.9)
EDGES = [600, 800, 1000, 1300, 1700, 2300, 3200, 4500, 6500]


def manifest(text):
    text = text.replace("required: true", "required: false").replace(
        "nonfinite: refuse", "nonfinite: flag"
    )
    if "regions:" not in text:
        text = text.replace("monitored:", "  regions: [{outputs: [x, y]}]\nmonitored:")
    return text


@pytest.fixture(scope="module")
def served(tmp_path_factory, halves):
    """A daemon whose model was calibrated through it, and the calibration."""
    folder = tmp_path_factory.mktemp("regions")
    models = copy_models(folder / "models")
    edited_model(models, "position-cnn", NAME, manifest)
    with Daemon(models) as running:
        serving(running, [NAME])
        document("calibrate", NAME, "--data", stored(folder, **halves[0]), at=running)
        path = models / NAME / "1" / "calibration-onnxruntime-float32-cpu.json"
        yield running, json.loads(path.read_text())["regions"][0]


@pytest.fixture(scope="module")
def answer(served, halves):
    names = ["x_low", "x_high", "y_low", "y_high", "s2_top"]
    with served[0].client() as client:
        return client.score(NAME, halves[1]["hits"], outputs=names)


def inside(region, answer, columns):
    """Whether each ellipse holds the truth: shape (events, coverages)."""
    dx = (columns["true_x"] - answer.outputs["x"].value)[:, None].astype(float)
    dy = (columns["true_y"] - answer.outputs["y"].value)[:, None].astype(float)
    major, minor, angle = np.moveaxis(region.ellipses.astype(float), 2, 0)
    along = dx * np.cos(angle) + dy * np.sin(angle)
    across = dy * np.cos(angle) - dx * np.sin(angle)
    return (along / major) ** 2 + (across / minor) ** 2 <= 1


def test_every_bin_is_covered_at_every_coverage(served, answer, halves):
    (region,) = answer.regions
    assert (region.outputs, region.coverages) == (("x", "y"), COVERAGES)
    assert (region.unit, region.method) == ("mm", "ellipse")
    assert not region.flags.any() and region.ellipses.shape == (len(answer), 3, 3)
    held = inside(region, answer, halves[1])
    bins = bins_of(answer.outputs["s2_top"].value, EDGES)
    (events,) = [bins.events for bins in answer.provenance.bins if bins.output == "x,y"]
    assert sum(events) == 3 * len(halves[0]["kind"]) // 4
    outside = []
    for level, coverage in enumerate(COVERAGES):
        for index, count in enumerate(events):
            rows = bins == index
            band = laws.coverage_band(count, int(rows.sum()), coverage, 30)
            if not band[0] <= held[rows, level].mean() <= band[1]:
                outside.append((coverage, index, held[rows, level].mean(), band))
    assert outside == []


def test_ellipses_are_those_of_the_formula(served, answer):
    (region,), (_, file) = answer.regions, served
    raw = {name: output.value.astype(float) for name, output in answer.outputs.items()}
    scale = np.stack(
        [(raw[f"{axis}_high"] - raw[f"{axis}_low"]) / 2 for axis in "xy"], axis=1
    )
    bins = bins_of(answer.outputs["s2_top"].value, EDGES)
    for level, coverage in enumerate(COVERAGES):
        radii = []
        for count, scores in zip(file["events_per_bin"], file["scores"], strict=True):
            rank = laws.conformal_rank(count, coverage)
            radii.append(np.float32(scores[rank - 1]) if rank <= len(scores) else np.inf)
        for row in range(0, len(bins), 97):
            first, mixed, second = file["shapes"][bins[row]]
            matrix = np.diag(scale[row]) @ [[first, mixed], [mixed, second]] @ np.diag(scale[row])
            values, vectors = np.linalg.eigh(matrix)
            major, minor, angle = region.ellipses[row, level]
            assert major == pytest.approx(radii[bins[row]] * values[1] ** 0.5, rel=1e-6)
            assert minor == pytest.approx(radii[bins[row]] * values[0] ** 0.5, rel=1e-6)
            turn = np.arctan2(vectors[1, 1], vectors[0, 1]) - angle
            assert abs(np.sin(turn)) < 1e-4
            assert -np.pi / 2 < angle <= np.pi / 2 + 1e-6


def test_bits_do_not_depend_on_the_batch(served, answer, halves):
    with served[0].client() as client:
        for row in (0, 17, 401):
            alone = client.score(NAME, halves[1]["hits"][row : row + 1])
            ours = answer.regions[0].ellipses[row].tobytes()
            assert alone.regions[0].ellipses[0].tobytes() == ours


def test_an_event_without_a_value_has_no_ellipse(served, halves):
    hits = halves[1]["hits"][:3].copy()
    hits[1, 0] = np.nan
    with served[0].client() as client:
        (region,) = client.score(NAME, hits).regions
    assert list(region.flags) == [0, FLAG_NONFINITE, 0]
    assert np.isnan(region.ellipses[1]).all() and np.isfinite(region.ellipses[[0, 2]]).all()


def test_raw_answers_have_no_ellipses(served, halves):
    with served[0].client() as client:
        assert client.score(NAME, halves[1]["hits"][:2], raw=True).regions == ()


def test_the_description_and_the_evaluation_show_them(served, halves, tmp_path):
    with served[0].client() as client:
        (described,) = client.models(NAME)[0].regions
    assert (described.outputs, described.coverages) == (("x", "y"), COVERAGES)
    data = stored(tmp_path, **halves[1])
    report = document("evaluate", data, at=served[0])
    cells = report["regions"]
    assert {cell["output"] for cell in cells} == {"x,y"}
    assert [cell["nominal"] for cell in cells] == [c for c in COVERAGES for _ in range(10)]
    assert all(cell["low"] <= cell["measured"] <= cell["high"] for cell in cells)
    path = tmp_path / "scores.npz"
    document("score", data, "--model", NAME, "-o", path, at=served[0])
    with np.load(path) as scores:
        for part in ("major", "minor", "angle"):
            assert scores[f"x_y_{part}"].shape == (len(halves[1]["kind"]), 3)


def test_too_few_events_leave_the_plane(halves, tmp_path):
    models = copy_models(tmp_path / "models")
    edited_model(models, "position-cnn", NAME, manifest)
    with Daemon(models) as running:
        serving(running, [NAME])
        few = {name: column[:120] for name, column in halves[0].items()}
        result = vigil_command("calibrate", NAME, "--data", stored(tmp_path, **few), at=running)
        assert result.returncode == 0
        with running.client() as client:
            answer = client.score(NAME, halves[1]["hits"], outputs=["s2_top"])
    (region,) = answer.regions
    (events,) = [bins.events for bins in answer.provenance.bins if bins.output == "x,y"]
    bins = bins_of(answer.outputs["s2_top"].value, EDGES)
    for level, coverage in enumerate(COVERAGES):
        lacking = np.array([laws.conformal_rank(count, coverage) > count for count in events])
        infinite = np.isinf(region.ellipses[:, level, :2])
        np.testing.assert_array_equal(infinite[:, 0], lacking[bins])
        np.testing.assert_array_equal(infinite[:, 1], lacking[bins])
    lacking = np.array([laws.conformal_rank(count, 0.9) > count for count in events])
    assert 0 < lacking.sum() < 10
    np.testing.assert_array_equal(region.flags == FLAG_INFINITE, lacking[bins])


def test_a_calibration_without_ellipses_is_refused(tmp_path):
    models = copy_models(tmp_path / "models", "position-cnn")
    manifest_file = models / "position-cnn" / "model.yaml"
    text = manifest(manifest_file.read_text()).replace("outputs: [x, y]", "outputs: [y, x]")
    manifest_file.write_text(text)
    with Daemon(models) as running, running.client() as client:
        reason = client.models("position-cnn")[0].calibration_reason
    assert "the region of y, x is not calibrated" in reason
