"""kinematic-neighbours: served scores against scipy's exact neighbours, and what they find."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from scipy import stats
from scipy.spatial import KDTree

from daemon import MODELS
from measures import FEATURES, normal, score  # noqa: F401 (fixtures)

NAME = "kinematic-neighbours"
WALL, ACCIDENTAL = 2, 3
NEIGHBOURS = 8


@pytest.fixture(scope="module")
def stored():
    """Constants of the served graph by name, in double precision."""
    graph = onnx.load(MODELS / NAME / "1" / "model.onnx").graph
    return {one.name: numpy_helper.to_array(one).astype(float) for one in graph.initializer}


@pytest.fixture(scope="module")
def references(stored):
    """The whitened reference events."""
    return stored["weights"].T / -2


@pytest.fixture(scope="module")
def whitened(stored, sample):
    """The sample's features as the graph compares them."""
    columns = np.stack([sample[name].astype(float) for name in FEATURES], axis=1)
    columns[:, :2] = np.log10(columns[:, :2])
    return (columns - stored["mean"]) @ stored["whitening"]


def test_features_are_compared_in_units_of_their_covariance(whitened, references, normal):
    width = len(FEATURES)
    # A correlation of 2,048 events has a standard deviation of 0.022, a variance one of 0.03.
    for events in (whitened[normal], references):
        np.testing.assert_allclose(events.mean(axis=0), np.zeros(width), atol=0.1)
        np.testing.assert_allclose(np.cov(events.T), np.eye(width), atol=0.15)


def test_scores_are_distances_to_the_eighth_nearest_reference(score, whitened, references):
    assert len(np.unique(references, axis=0)) == 2048
    (wanted,) = KDTree(references).query(whitened, k=[NEIGHBOURS])[0].T
    found = score(NAME, raw=True).outputs["score"].value
    print(f"largest difference to scipy: {np.abs(found / wanted - 1).max():.2g}")
    np.testing.assert_allclose(found, wanted, rtol=2e-5)


@pytest.mark.parametrize("kind, area, power", [(WALL, 0.8, 0.4), (ACCIDENTAL, 0.9, 0.25)])
def test_what_the_pattern_does_not_show_is_found(score, sample, normal, kind, area, power):
    values, rows = score(NAME, raw=True).outputs["score"].value, sample["kind"] == kind
    wins = stats.mannwhitneyu(values[rows], values[normal]).statistic
    found = np.mean(score(NAME).p_value[rows] <= 0.01)
    blind = np.mean(score("pattern-autoencoder").p_value[rows] <= 0.01)
    print(f"kind {kind}: AUC {wins / (rows.sum() * normal.sum()):.4f}, power {found}, {blind}")
    assert wins / (rows.sum() * normal.sum()) >= area
    assert found > power and blind < 0.05


def test_small_p_values_are_as_rare_near_threshold_as_far_from_it(score, sample, normal):
    """Without bins fifteen of a hundred events below 6 phd have a p-value below 0.01."""
    p_values = score(NAME).p_value
    for low, high in ((3, 6), (6, 15), (15, 40), (40, 80)):
        rows = normal & (sample["s1c"] >= low) & (sample["s1c"] < high)
        # Of 750 events and more, calibrated by 1,900 and more.
        assert np.mean(p_values[rows] <= 0.01) < 0.025
