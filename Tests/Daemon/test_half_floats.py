"""float16 and bfloat16 on the wire: sent and answered bit for bit, calibrated, watched, refused."""

from __future__ import annotations

import numpy as np
import pytest

from command import answer, complaint, document, scored
from daemon import Daemon, wait_until
from frames import Peer, message, refused
from half_floats import EDGES, TYPES, WEIGHTS, narrowed, write_half

FEATURES = ", features: [{name: a}, {name: b}, {name: c}]"
RANDOM = np.random.default_rng(16)
X = RANDOM.normal(0, 1, (2000, 3)).astype("f4")
BITS = {"float16": "<f2", "bfloat16": "<u2"}


def energy(x):
    """The weighted sum of the inputs as they are, as float32."""
    return x.astype("f4") @ WEIGHTS


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for type in TYPES:
        write_half(folder, type)
    return folder


def column_file(tmp_path, x, **columns):
    """Inputs as numpy writes them, and columns beside them."""
    path = tmp_path / "data.npz"
    np.savez(path, x=x, **columns)
    return path


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("rows", [1, 7, 700])
def test_raw_outputs_come_back_in_their_own_type_and_bits(running, type, rows):
    x = narrowed(X[:rows], type)
    with running.client() as client:
        scores = client.score(type, x, raw=True)
    assert scores.outputs["energy"].method == "raw"
    wanted = narrowed(energy(x), type)
    found = scores.outputs["energy"].value
    assert found.dtype == (np.float16 if type == "float16" else np.float32)
    np.testing.assert_allclose(found.astype("f4"), wanted.astype("f4"), rtol=2**-7)
    # What was rounded is what the model itself had before it rounded.
    exact = narrowed(scores.outputs["wide"].value, type)
    np.testing.assert_array_equal(found.astype("f4"), exact.astype("f4"))
    both = scores.outputs["both"].value
    np.testing.assert_array_equal(both.astype("f4"), np.stack([exact, exact], 1).astype("f4"))


def test_bits_of_bfloat16_may_be_sent_as_they_are(running):
    x = narrowed(X[:9], "bfloat16")
    with running.client() as client:
        scores = client.score("bfloat16", x, raw=True)
        again = client.score("bfloat16", x.view("u2"), raw=True)
    np.testing.assert_array_equal(scores.value, again.value)


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("sent", ["<f4", "<f2", "<u2"])
def test_another_type_is_refused_with_what_is_allowed(running, type, sent):
    if BITS[type] == sent:
        pytest.skip("the type itself")
    with Peer(running.endpoint) as peer:
        reply = peer.ask(message(type, raw=True).input("x", np.zeros((2, 3), sent), dtype=sent))
    found = np.dtype(sent).name
    refused(reply, "INVALID", "inputs[0].type", f"found {found}, allowed is {type}")


@pytest.mark.parametrize("type", TYPES)
def test_a_value_that_is_not_finite_is_flagged_and_takes_no_neighbour_with_it(running, type):
    x = narrowed(X[:50], type)
    x[17, 1], x[30, 0], x[31, 2] = np.nan, np.inf, -np.inf
    with running.client() as client:
        scores = client.score(type, x, raw=True)
        clean = client.score(type, narrowed(X[:50], type), raw=True)
    bad = np.isin(np.arange(50), (17, 30, 31))
    np.testing.assert_array_equal(scores.flags != 0, bad)
    assert np.isnan(scores.outputs["energy"].value[bad].astype("f4")).all()
    assert np.isnan(scores.outputs["both"].value[bad].astype("f4")).all()
    np.testing.assert_array_equal(
        scores.outputs["energy"].value[~bad], clean.outputs["energy"].value[~bad]
    )


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory):
    """A daemon whose models were calibrated, the data, and the reports."""
    folder = tmp_path_factory.mktemp("calibrated")
    noise = np.random.default_rng(3).normal(0, 1, len(X))
    reports = {}
    for type in TYPES:
        write_half(folder / "models", type)
    with Daemon(folder / "models") as running:
        for type in TYPES:
            x = narrowed(X, type)
            (folder / type).mkdir()
            path = column_file(folder / type, x, truth=energy(x) + 0.3 * noise)
            reports[type] = document("calibrate", type, "--data", path, at=running)
        yield running, reports, noise


@pytest.mark.parametrize("type", TYPES)
def test_outputs_of_16_bits_are_calibrated_as_the_numbers_that_they_are(calibrated, type):
    running, reports, noise = calibrated
    x = narrowed(X, type)
    with running.client() as client:
        raw = client.score(type, x, raw=True).outputs["energy"].value.astype("f4")
        scores = client.score(type, x, coverage=0.9)
    assert scores.value.dtype == np.float32
    np.testing.assert_array_equal(scores.value, raw)
    bins = np.searchsorted(EDGES, raw, side="right")
    assert reports[type]["outputs"]["energy"] == np.bincount(bins, minlength=3).tolist()
    truth = energy(x) + 0.3 * noise
    for bin in range(3):
        chosen = bins == bin
        residuals = np.sort(np.abs(truth - raw)[chosen])
        rank = int(np.ceil((chosen.sum() + 1) * 0.9)) - 1
        width = (scores.upper - scores.value)[chosen]
        np.testing.assert_allclose(width, residuals[rank], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("type", TYPES)
def test_an_output_of_16_bits_is_watched_for_drift(calibrated, tmp_path, type):
    running, _, _ = calibrated
    x = narrowed(X, type)
    path = column_file(tmp_path, x)
    answer("reference", type, "--data", path, "--kind", "data", at=running)
    with running.client() as client:
        for stream, shift in (("as-before", 0), ("shifted", 1)):
            for _ in range(5):
                client.score(type, narrowed(X + shift, type), stream=stream)


        def streams():
            return client.monitoring(type)[0].streams

        wait_until(lambda: sum(stream.windows for stream in streams().values()) == 2)
        found = {name: stream.comparisons["data"] for name, stream in streams().items()}
    same, moved = found["as-before"].values["energy"], found["shifted"].values["energy"]
    # The same events: no distance at all, where a shift by a third of the width is one.
    assert (same.distance, same.alarm, moved.alarm) == (0, False, True)
    assert moved.distance > 0.05


@pytest.mark.parametrize("type", TYPES)
def test_the_command_scores_files_of_16_bits(running, tmp_path, type):
    x = narrowed(X[:100], type)
    found = scored(running, column_file(tmp_path, x), type, tmp_path, "--raw")
    with running.client() as client:
        scores = client.score(type, x, raw=True)
    np.testing.assert_array_equal(found["energy"], scores.value.astype("f4"))
    line = complaint("score", column_file(tmp_path, X[:100]), "-m", type, "--raw", at=running)
    assert line.endswith(f"data.npz[x]: found float32, allowed is {type}")


REFUSED = {
    "watched-feature": "monitored[0]: found 'a' of float16, allowed are features of float32",
    "explained": "found shapley and bfloat16 input, allowed is one float32 input",
    "explained-output": "found 'both', allowed are outputs of float32 or float64: wide",
}


def test_what_reads_features_of_16_bits_is_refused_when_the_model_is_loaded(tmp_path, make_daemon):
    write_half(tmp_path, "float16", "watched-feature", FEATURES, "a, energy")
    write_half(tmp_path, "bfloat16", "explained", rest="explain: {output: wide, method: shapley}\n")
    write_half(
        tmp_path, "float16", "explained-output", rest="explain: {method: pulls, pulls: both}\n"
    )
    running = make_daemon(tmp_path, wait=False)
    with running.client() as client:
        wait_until(lambda: len(client.models()) == len(REFUSED))
        reasons = {model.name: " ".join(model.reasons) for model in client.models()}
    assert all(REFUSED[name] in reason for name, reason in reasons.items()), reasons
