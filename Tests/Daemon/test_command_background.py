"""`vigil background`: which events it draws, what it writes, and that the daemon reads it."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

from command import answer, complaint, document, misuse
from explained import NAMES, Network, write_network, write_pulls, write_tree

NETWORK = Network(5)
X = np.random.default_rng(4).normal(0, 1, (500, 5)).astype("f4")
SHAPLEY = "{output: score, method: shapley}"


@pytest.fixture
def running(tmp_path, make_daemon):
    folder = tmp_path / "models"
    write_network(folder, "exact", NETWORK, SHAPLEY, NAMES)
    write_network(folder, "silent", NETWORK, SHAPLEY)
    manifest = folder / "silent" / "model.yaml"
    manifest.write_text(manifest.read_text().split("explain:")[0])
    write_pulls(folder)
    write_tree(folder, "tree", "{output: margin, method: tree-interventional}")
    return make_daemon(folder)


def rows_of(path):
    content = json.loads(path.read_text())
    rows = [[np.nan if value is None else value for value in row] for row in content.pop("rows")]
    return np.array(rows, "f4"), content


def places(rows, data=X):
    """Where the rows stand in the data."""
    where = {row.tobytes(): place for place, row in enumerate(data)}
    return [where[row.tobytes()] for row in rows]


def test_a_background_is_drawn_written_and_read(running, write, tmp_path):
    path = write(x=X)
    file = tmp_path / "models" / "exact" / "1" / "background.json"
    with running.client() as client:
        assert "background" in client.models("exact")[0].explanation.reason
    report = document("background", "exact", "--data", path, "--rows", 30, at=running)
    rows, content = rows_of(file)
    digest = "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
    assert content.pop("date")
    assert content == {
        "format": 1, "model": "exact", "input": "x", "shape": [5], "data_digest": digest,
    }  # fmt: skip
    drawn = places(rows)
    assert len(set(drawn)) == 30 and drawn == sorted(drawn)
    assert report["file"] == str(file) and (report["rows"], report["events"]) == (30, 500)
    assert any("exact" in line for line in report["reload"])
    with running.client() as client:
        made = client.models("exact")[0].explanation
        digest = "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest()
        assert (made.background, made.background_rows, made.reason) == (digest, 30, None)
        explained = client.score("exact", X[:4], attributions=True).attributions
    np.testing.assert_allclose(explained.base, NETWORK.score(rows).mean(), rtol=1e-5)


def test_the_draw_is_a_function_of_the_seed(running, write, tmp_path):
    def drawn(*words):
        target = tmp_path / "b.json"
        answer(
            "background", "exact", "--data", write(x=X), "--rows", 40, *words, "-o", target,
            "--no-reload", at=running,
        )  # fmt: skip
        return places(rows_of(target)[0])

    first, again, other = drawn(), drawn("--seed", 0), drawn("--seed", 1)
    assert first == again != other
    # Two draws of 40 of 500 have 3.2 events in common, with a standard deviation of 1.7.
    assert len(set(first) & set(other)) < 14
    # And none is near the beginning of the file alone: the mean place has one of 21.
    assert abs(np.mean(first) - 249.5) < 5 * 21


def test_values_that_are_not_finite_are_left_out_unless_they_may_be_missing(
    running, write, tmp_path
):
    holed = X.copy()
    holed[:450, 1] = np.nan
    holed[450, 2] = np.inf
    target = tmp_path / "b.json"
    words = ("--rows", 49, "-o", target, "--no-reload")
    text = answer("background", "exact", "--data", write(x=holed), *words, at=running)
    assert f"background of exact, 49 of 500 events by seed 0: {target}" in text
    assert "left out because a value is not finite: 451" in text
    assert "the daemon reads it at the next reload" in text
    assert places(rows_of(target)[0]) == list(range(451, 500))
    line = complaint(
        "background", "exact", "--data", write(x=holed), "--rows", 50, at=running
    )
    assert "holds 49 events that a background can be of, 50 are to be drawn" in line
    text = answer(
        "background", "tree", "--data", write(features=holed), "--rows", 499, *words[2:],
        at=running,
    )  # fmt: skip
    assert "left out because a value is not finite: 1\n" in text
    assert np.isnan(rows_of(target)[0]).sum() == 450


@pytest.mark.parametrize(
    "model, told",
    [
        ("silent", "the manifest of 'silent' explains nothing"),
        ("pulls", "a background is of one float32 input of fixed shape"),
        ("none", "no model 'none'"),
    ],
)
def test_models_that_have_no_background_are_told(running, write, model, told):
    path = write(x=X[:, :5] if model != "pulls" else np.tile(X, 2)[:, :7], scale=X[:, 0])
    assert told in complaint("background", model, "--data", path, at=running)


@pytest.mark.parametrize("words", [["--rows=0"], ["--rows=4097"], ["--seed=-1"]])
def test_wrong_options_are_refused(words):
    assert words[0].split("=")[0] in misuse("background", "m", "--data", "x.npz", *words)
