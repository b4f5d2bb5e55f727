"""Explanations on request, through a real daemon, against what they ought to be."""

from __future__ import annotations

import signal
import time

import numpy as np
import pytest
import xgboost

from command import answer, document
from daemon import MODELS, free_port, wait_until
from explained import (
    NAMES,
    Network,
    image_score,
    session,
    shapley,
    write_background,
    write_image,
    write_network,
    write_pulls,
    write_tree,
)
from frames import Message, Peer, message, refused
from vigil import vigil_pb2 as wire
from wire import Wire

SMALL, WIDE = Network(5), Network(12, hidden=6, seed=8)
RANDOM = np.random.default_rng(3)
BACKGROUND = RANDOM.normal(0, 1, (20, 5)).astype("f4")
WIDE_BACKGROUND = RANDOM.normal(0, 1, (96, 12)).astype("f4")
EVENTS = RANDOM.normal(0, 1, (11, 5)).astype("f4")
WIDE_EVENTS = RANDOM.normal(0, 1, (9, 12)).astype("f4")
FLAG = ", nonfinite: flag" + NAMES
GROUPS = "groups: {pair: [d, a], one: [c]}"


@pytest.fixture(scope="module")
def models(tmp_path_factory, features):
    folder = tmp_path_factory.mktemp("explained")
    write_tree(folder, "tree-path", "{output: margin, method: tree-path}")
    write_tree(
        folder, "tree-background", "{output: margin, method: tree-interventional}", features[:7]
    )
    write_network(
        folder, "exact", SMALL, "{output: score, method: shapley}", FLAG, background=BACKGROUND
    )
    write_network(
        folder, "permuted", WIDE, "{output: score, method: shapley, permutations: 48}",
        background=WIDE_BACKGROUND,
    )
    write_network(folder, "each", SMALL, "{output: score, method: occlusion}")
    write_network(
        folder, "groups", SMALL, f"{{output: score, method: occlusion, {GROUPS}}}", NAMES,
        background=BACKGROUND,
    )
    integrated = "{output: score, method: integrated-gradients, gradient: gradient.onnx, steps: 20}"
    write_network(folder, "zeros", SMALL, integrated, FLAG, gradient=True)
    write_network(folder, "mean", SMALL, integrated, background=BACKGROUND, gradient=True)
    write_network(
        folder, "product", SMALL,
        "{output: score, method: gradient-input, gradient: gradient.onnx}", gradient=True,
    )
    write_image(folder, "patches", "{output: score, method: occlusion, patch: 3}")
    write_pulls(folder)
    # What cannot be explained.
    write_network(folder, "silent", SMALL, "{output: score, method: occlusion}")
    manifest = folder / "silent" / "model.yaml"
    manifest.write_text(manifest.read_text().replace("explain:", "summary: x #"))
    write_network(folder, "no-background", SMALL, "{output: score, method: shapley}")
    write_network(folder, "no-gradient", SMALL, integrated)
    write_network(folder, "wrong-gradient", SMALL, integrated)
    SMALL.write_gradient(folder / "wrong-gradient" / "1" / "gradient.onnx", width=4)
    write_network(folder, "torn-gradient", SMALL, integrated)
    (folder / "torn-gradient" / "1" / "gradient.onnx").write_bytes(b"\x08\x09")
    write_network(folder, "other-background", SMALL, "{output: score, method: shapley}")
    write_background(folder / "other-background" / "1", "exact", "x", BACKGROUND)
    write_network(folder, "torn-background", SMALL, "{output: score, method: occlusion}")
    write_background(folder / "torn-background" / "1", "torn-background", "x", BACKGROUND, format=2)
    holed = BACKGROUND.copy()
    holed[3, 1] = np.nan
    write_network(
        folder, "holed-background", SMALL, "{output: score, method: shapley}", background=holed
    )
    write_network(
        folder, "dear", SMALL, "{output: score, method: shapley, seconds: 0.001}",
        background=np.tile(BACKGROUND, (200, 1)),
    )
    write_network(
        folder, "bounded", SMALL, "{output: score, method: shapley, seconds: 0.2}",
        background=BACKGROUND,
    )
    return folder


def asked(model, name, events, ids=False, framed=False, **options):
    """A request for attributions."""
    call = message(model, name, events, framed=framed, extras=[wire.ATTRIBUTIONS], **options)
    if ids is not False:
        call.event_ids(np.asarray(ids, "u8"), framed=framed)
    return call


class Found:
    """The attributions of a reply."""

    def __init__(self, reply):
        assert reply.code == "OK", reply.status
        part = reply.message.score.attributions
        assert reply.message.score.HasField("attributions")
        self.said = part
        for field in ("value", "error", "score", "base_value", "residual"):
            has = part.HasField(field)
            setattr(self, field, reply.array(getattr(part, field)) if has else None)

    def adds_up(self, tolerance=1e-5):
        """Shares and base value are the score, and the residual says by how much they are not."""
        off = np.abs(self.score - self.base_value - self.value.sum(1))
        assert np.all(off <= tolerance * np.maximum(1, np.abs(self.score))), off
        np.testing.assert_allclose(self.residual, off, atol=1e-12)


def explain(running, *arguments, **options):
    with Peer(running.endpoint) as peer:
        return Found(peer.ask(asked(*arguments, **options)))


def described(running, name):
    with Peer(running.endpoint) as peer:
        request = wire.Request(id=1, models=wire.ModelsQuery(model=name))
        (model,) = peer.ask([request.SerializeToString()]).message.models.models
    return model


# MARK: Methods


@pytest.fixture(scope="module")
def booster():
    loaded = xgboost.Booster()
    loaded.load_model(MODELS / "er-nr-tree" / "1" / "model.json")
    loaded.feature_names = None
    return loaded


@pytest.mark.parametrize("framed", [False, True])
def test_shares_of_a_tree_are_those_of_xgboost(running, booster, features, framed):
    events = features[100:170].copy()
    events[3, 2] = np.nan
    events[4, 0] = np.inf
    found = explain(running, "tree-path", "features", events, framed=framed)
    events[4, 0] = np.nan
    expected = booster.predict(xgboost.DMatrix(events), pred_contribs=True)
    np.testing.assert_allclose(found.value, expected[:, :-1], atol=2e-5)
    np.testing.assert_allclose(found.base_value, expected[:, -1], atol=1e-5)
    margins = booster.predict(xgboost.DMatrix(events), output_margin=True)
    np.testing.assert_array_equal(found.score.astype("f4"), margins)
    found.adds_up()
    assert found.error is None
    said = found.said
    assert (said.output, said.unit, said.method) == ("margin", "1", "tree-path")
    assert list(said.features) == ["s1c", "s2c", "drift_time", "x_s2", "y_s2"]
    assert said.evaluations == 1
    assert not said.HasField("background")


def test_shares_of_a_tree_against_a_background_are_all_coalitions(running, booster, features):
    def margin(rows):
        return booster.predict(xgboost.DMatrix(rows), output_margin=True)

    events = features[200:212]
    found = explain(running, "tree-background", "features", events)
    for event, x in enumerate(events):
        shares, base = shapley(margin, x, features[:7])
        np.testing.assert_allclose(found.value[event], shares, atol=1e-4)
        np.testing.assert_allclose(found.base_value[event], base, atol=1e-4)
    found.adds_up()
    assert found.said.method == "tree-interventional"
    assert found.said.background.startswith("sha256:")


def test_exact_shapley_values_are_all_coalitions(running, models):
    run = session(models / "exact" / "1" / "model.onnx")

    def score(rows):
        return run.run(None, {"x": rows})[0]

    events = EVENTS.copy()
    events[2, 1] = np.nan
    events[5, 4] = -np.inf
    found = explain(running, "exact", "x", events)
    for event, x in enumerate(events):
        if event in (2, 5):
            for part in (found.value, found.error, found.score, found.base_value, found.residual):
                assert np.isnan(part[event]).all()
            continue
        shares, base = shapley(score, x, BACKGROUND)
        np.testing.assert_allclose(found.value[event], shares, atol=2e-5)
        np.testing.assert_allclose(found.base_value[event], base, atol=1e-5)
        of_rows = [shapley(score, x, row[None])[0] for row in BACKGROUND]
        errors = np.std(of_rows, axis=0, ddof=1) / np.sqrt(len(BACKGROUND))
        np.testing.assert_allclose(found.error[event], errors, atol=2e-5)
    known = np.isfinite(events).all(1)
    np.testing.assert_allclose(found.score[known], SMALL.score(events[known]), atol=1e-5)
    assert np.nanmax(found.residual) < 1e-5
    assert found.said.method == "exact-shapley"
    assert found.said.unit == "keV"
    assert found.said.evaluations == (2**5 - 1) * 20 + 1
    assert list(found.said.features) == list("abcde")


def test_permutations_meet_the_exact_values_within_their_errors(running):
    found = explain(running, "permuted", "x", WIDE_EVENTS, ids=range(9), seed=4)
    pulls = []
    for event, x in enumerate(WIDE_EVENTS):
        shares, _ = shapley(WIDE.score, x, WIDE_BACKGROUND)
        pulls.append((found.value[event] - shares) / found.error[event])
    pulls = np.abs(pulls)
    # Of 108 normal deviates fewer than one in a hundred lots has one beyond 4.
    assert pulls.max() < 4 and 0.3 < np.sqrt((pulls**2).mean()) < 1.3, pulls
    assert (found.error > 0).all()
    found.adds_up()
    assert found.said.method == "permutation-shapley"
    assert found.said.evaluations == 48 * (2 * 12 - 1) + 1
    assert list(found.said.features) == [str(place) for place in range(12)]


def test_permutations_depend_on_seed_and_id_and_nothing_else(running):
    ids = np.array([7, 2**63 + 5, 3, 7, 9, 10, 11, 12, 13], "u8")
    events = WIDE_EVENTS.copy()
    events[3] = events[0]
    whole = explain(running, "permuted", "x", events, ids=ids, seed=4)
    assert whole.value[3].tobytes() == whole.value[0].tobytes()
    for part in (slice(0, 1), slice(1, 3), slice(2, 9)):
        some = explain(running, "permuted", "x", events[part], ids=ids[part], seed=4)
        assert some.value.tobytes() == whole.value[part].tobytes()
        assert some.error.tobytes() == whole.error[part].tobytes()
    other = explain(running, "permuted", "x", events, ids=ids, seed=5)
    assert other.value.tobytes() != whole.value.tobytes()


@pytest.mark.parametrize("model", ["tree-path", "tree-background", "exact", "zeros", "each"])
def test_an_event_is_explained_the_same_whatever_its_neighbours(running, features, model):
    is_tree = model.startswith("tree")
    name, events = ("features", features[:90]) if is_tree else ("x", np.tile(EVENTS, (3, 1)))
    whole = explain(running, model, name, events)
    for part in (slice(0, 1), slice(5, 22), slice(1, len(events))):
        some = explain(running, model, name, events[part])
        assert some.value.tobytes() == whole.value[part].tobytes()
        assert some.score.tobytes() == whole.score[part].tobytes()


def test_occlusion_takes_each_feature_away(running):
    found = explain(running, "each", "x", EVENTS)
    for feature in range(5):
        without = EVENTS.copy()
        without[:, feature] = 0
        expected = SMALL.score(EVENTS) - SMALL.score(without)
        np.testing.assert_allclose(found.value[:, feature], expected, atol=1e-5)
    np.testing.assert_allclose(found.score, SMALL.score(EVENTS), atol=1e-5)
    assert found.error is None and found.base_value is None and found.residual is None
    assert found.said.method == "occlusion"
    assert found.said.evaluations == 6


def test_occlusion_takes_groups_away_for_the_mean_of_a_background(running):
    found = explain(running, "groups", "x", EVENTS)
    assert list(found.said.features) == ["pair", "one"]
    for group, members in enumerate(([3, 0], [2])):
        without = EVENTS.copy()
        without[:, members] = BACKGROUND.mean(0, dtype="f8")[members]
        expected = SMALL.score(EVENTS) - SMALL.score(without)
        np.testing.assert_allclose(found.value[:, group], expected, atol=1e-5)


def test_occlusion_takes_patches_of_an_image_away(running):
    images = RANDOM.normal(0, 1, (6, 2, 5, 7)).astype("f4")
    images[4, 1, 0, 0] = np.nan
    found = explain(running, "patches", "pixels", images, framed=True)
    names = ["0:3,0:3", "0:3,3:6", "0:3,6:7", "3:5,0:3", "3:5,3:6", "3:5,6:7"]
    assert list(found.said.features) == names
    known = np.array([0, 1, 2, 3, 5])
    for place, name in enumerate(names):
        rows, columns = (slice(*map(int, part.split(":"))) for part in name.split(","))
        without = images.copy()
        without[:, :, rows, columns] = 0
        expected = image_score(images) - image_score(without)
        np.testing.assert_allclose(found.value[known, place], expected[known], atol=2e-5)
    assert np.isnan(found.value[4]).all() and np.isnan(found.score[4])


@pytest.mark.parametrize("model", ["zeros", "mean"])
def test_integrated_gradients_are_the_integral(running, model):
    found = explain(running, model, "x", EVENTS)
    start = BACKGROUND.mean(0, dtype="f8").astype("f4") if model == "mean" else np.zeros(5, "f4")
    # Differences of the score itself on a fine path, of the exact network.
    steps, width = 2000, 1e-4
    for event, x in enumerate(EVENTS.astype("f8")):
        path = start + (np.arange(steps)[:, None] + 0.5) / steps * (x - start)
        for feature in range(5):
            up, down = path.copy(), path.copy()
            up[:, feature] += width
            down[:, feature] -= width
            slope = (SMALL.score(up) - SMALL.score(down)).mean() / (2 * width)
            expected = slope * (x - start)[feature]
            assert abs(found.value[event, feature] - expected) < 2e-5
    np.testing.assert_allclose(found.base_value, SMALL.score(start), atol=1e-5)
    found.adds_up(1e-4)
    assert found.said.method == "integrated-gradients"
    assert found.said.evaluations == 20
    assert found.said.gradient.startswith("sha256:")
    assert found.said.HasField("background") == (model == "mean")


def test_integrated_gradients_know_nothing_of_what_is_not_finite(running):
    events = EVENTS.copy()
    events[1, 1] = np.nan
    found = explain(running, "zeros", "x", events)
    whole = explain(running, "zeros", "x", EVENTS)
    assert np.isnan(found.value[1]).all() and np.isnan(found.score[1])
    assert np.delete(found.value, 1, 0).tobytes() == np.delete(whole.value, 1, 0).tobytes()
    nothing = explain(running, "zeros", "x", events[1:2])
    assert np.isnan(nothing.value).all()


def test_gradient_times_input_is_the_slope_at_the_event(running):
    found = explain(running, "product", "x", EVENTS)
    width = 1e-4
    for feature in range(5):
        up, down = EVENTS.astype("f8"), EVENTS.astype("f8")
        up[:, feature] += width
        down[:, feature] -= width
        slope = (SMALL.score(up) - SMALL.score(down)) / (2 * width)
        np.testing.assert_allclose(found.value[:, feature], slope * EVENTS[:, feature], atol=2e-5)
    np.testing.assert_allclose(found.base_value, SMALL.score(np.zeros(5)), atol=1e-6)
    off = np.abs(found.score - found.base_value - found.value.sum(1))
    np.testing.assert_allclose(found.residual, off, atol=1e-12)
    assert found.said.method == "gradient-input"
    assert found.said.evaluations == 1


def test_pulls_are_terms_of_their_mean_square(running):
    x = RANDOM.normal(0, 2, (9, 7)).astype("f4")
    scale = RANDOM.uniform(1, 2, 9).astype("f4")
    x[6, 6] = np.inf
    call = asked("pulls", "x", x, raw=True).input("scale", scale)
    with Peer(running.endpoint) as peer:
        found = Found(peer.ask(call))
    terms = (x.astype("f8") / scale[:, None]) ** 2 / 7
    known = np.arange(9) != 6
    np.testing.assert_allclose(found.value[known], terms[known], rtol=1e-6)
    np.testing.assert_allclose(found.score[known], terms[known].sum(1), rtol=1e-6)
    assert (found.base_value[known] == 0).all()
    assert found.residual[known].max() < 1e-12
    assert np.isnan(found.value[6]).all() and np.isnan(found.residual[6])
    assert (found.said.output, found.said.method) == ("pulls", "pulls")
    assert len(found.said.features) == 7


def test_the_answer_beside_an_explanation_is_the_usual_one(running):
    with Peer(running.endpoint) as peer:
        for framed in (False, True):
            plain = peer.ask(message("exact", "x", EVENTS, framed=framed))
            both = peer.ask(asked("exact", "x", EVENTS, framed=framed))
            assert both.bits() == plain.bits()
            assert len(both.tensors) == len(plain.tensors) + (5 if framed else 0)
            assert not plain.message.score.HasField("attributions")


# MARK: What models say


def test_models_say_how_they_explain(running):
    said = described(running, "exact").explanation
    assert (said.output, said.method) == ("score", "exact-shapley")
    assert list(said.features) == list("abcde")
    assert said.background_rows == 20 and said.background.startswith("sha256:")
    assert said.evaluations == 621
    assert said.limit_nanoseconds == 10_000_000_000
    assert not said.HasField("reason")
    assert described(running, "zeros").explanation.gradient.startswith("sha256:")
    assert not described(running, "silent").HasField("explanation")
    models = {model["name"]: model for model in document("models", at=running)["models"]}
    assert models["exact"]["explanation"]["evaluations"] == 621
    assert models["exact"]["explanation"]["background"] == said.background
    assert "explanation" not in models["silent"]


@pytest.mark.parametrize("model, numbers", [("exact", 5), ("permuted", 12), ("each", 5)])
def test_an_estimate_is_of_the_rows_that_the_model_runs(running, model, numbers):
    said = described(running, model)
    steps = zip(said.ladder_rows, said.ladder_nanoseconds, strict=True)
    row = min(nanoseconds / rows for rows, nanoseconds in steps)
    # Micro-batches that gain less than 2 % are not used; beside the model a row takes its writing.
    runs, found = said.explanation.evaluations, said.explanation.nanoseconds
    assert runs * row < found <= runs * (1.02 * row + 40 + 4 * numbers)


def test_the_log_says_at_load_what_cannot_be_explained(running):
    why = "no-background 1 explains nothing: there is no background: 1/background.json"
    assert why in running.log()


# MARK: Refusals


@pytest.mark.parametrize(
    "model, parts",
    [
        ("silent", ["model 'silent' explains nothing: its manifest has no 'explain'"]),
        ("no-background", ["there is no background: 1/background.json"]),
        ("no-gradient", ["1/gradient.onnx", "No such file or directory"]),
        ("wrong-gradient", ["the gradient graph gives float32[batch, 4]", "float32[batch, 5]"]),
        ("torn-gradient", ["1/gradient.onnx"]),
        ("other-background", ["is of exact, input x of shape [5]", "allowed is other-background"]),
        ("torn-background", ["1/background.json: format: found 2, allowed: 1"]),
        ("holed-background", ["1/background.json has missing values"]),
        ("dear", ["one event takes about", "allowed are 0.001 s"]),
    ],
)
def test_what_cannot_be_explained_is_said(running, model, parts):
    with Peer(running.endpoint) as peer:
        refused(peer.ask(asked(model, "x", EVENTS)), "UNSUPPORTED", "extras", *parts)
        # It serves all the same.
        assert peer.ask(message(model, "x", EVENTS)).code == "OK"
    if model != "silent":
        assert parts[0] in described(running, model).explanation.reason


@pytest.mark.parametrize("priority", ["TRIGGER", "STANDARD"])
def test_explanations_are_bulk(running, priority):
    with Peer(running.endpoint) as peer:
        call = asked("exact", "x", EVENTS, priority=getattr(wire, priority))
        refused(peer.ask(call), "INVALID", "priority", f"found {priority}", "BULK")
        assert peer.ask(asked("exact", "x", EVENTS, priority=wire.BULK)).code == "OK"


def test_permutations_need_ids(running):
    with Peer(running.endpoint) as peer:
        call = asked("permuted", "x", WIDE_EVENTS)
        refused(peer.ask(call), "INVALID", "event_ids", "the ids of the events are missing")


def test_what_takes_too_long_is_refused_before_it_runs(running):
    said = described(running, "bounded").explanation
    most = said.limit_nanoseconds // said.nanoseconds
    with Peer(running.endpoint) as peer:
        events = np.zeros((most + 1, 5), "f4")
        refused(
            peer.ask(asked("bounded", "x", events, framed=True)), "INVALID", "extras",
            f"found {most + 1} events", "allowed are 0.2 s", f"at most {most} events",
        )
        assert peer.ask(asked("bounded", "x", events[:1], framed=True)).code == "OK"


def test_a_wrong_request_is_refused_as_ever(running):
    with Peer(running.endpoint) as peer:
        call = asked("exact", "x", EVENTS[:, :4])
        refused(peer.ask(call), "INVALID", "inputs[0].shape")
        call = asked("exact", "x", EVENTS, prior=0.5)
        refused(peer.ask(call), "UNSUPPORTED", "prior")


def test_a_value_that_is_not_allowed_is_refused(running):
    events = EVENTS.copy()
    events[2, 2] = np.nan
    with Peer(running.endpoint) as peer:
        refused(peer.ask(asked("each", "x", events)), "INVALID", "inputs[0]", row=2)


# MARK: Time

LONG = "{output: score, method: shapley, seconds: 600}"


@pytest.fixture
def long_models(tmp_path):
    """A model whose events take long to explain: 1023 x 2000 rows each."""
    write_network(
        tmp_path, "long", Network(10), LONG, background=RANDOM.normal(0, 1, (2000, 10))
    )
    return tmp_path


@pytest.fixture
def long_daemon(make_daemon, long_models):
    return make_daemon(long_models, http_port=free_port())


LONG_EVENTS = RANDOM.normal(0, 1, (60, 10)).astype("f4")


def explaining(running, count=1):
    label = 'model="long"'
    wait_until(lambda: running.metric("vigil_explanations_waiting", label) == count)


def test_others_are_answered_while_an_explanation_runs(long_daemon):
    with Wire(long_daemon.endpoint) as bulk, Wire(long_daemon.endpoint) as trigger:
        bulk.send(asked("long", "x", LONG_EVENTS, deadline_microseconds=40_000_000))
        explaining(long_daemon)
        for _ in range(200):
            call = message("long", "x", LONG_EVENTS[:2], priority=wire.TRIGGER)
            call.score.deadline_microseconds = 1_000_000
            assert trigger.ask(call).code == "OK"
        assert bulk.receive(0) is None, "the explanation was too short for this test"


def test_a_deadline_ends_an_explanation(long_daemon):
    with Wire(long_daemon.endpoint) as peer:
        began = time.monotonic()
        reply = peer.ask(asked("long", "x", LONG_EVENTS, deadline_microseconds=400_000))
        refused(reply, "DEADLINE_EXCEEDED", "deadline_microseconds")
        assert reply.at - began < 5
        # Its work is abandoned: the next one need not wait for it.
        explaining(long_daemon, 0)
        assert peer.ask(message("long", "x", LONG_EVENTS)).code == "OK"
    wait_until(lambda: long_daemon.metric("vigil_in_flight_requests", 'transport="zeromq"') == 0)


def test_so_many_explanations_wait_and_no_more(long_daemon):
    with Wire(long_daemon.endpoint) as peer:
        for _ in range(16):
            peer.send(asked("long", "x", LONG_EVENTS, deadline_microseconds=3_000_000))
        explaining(long_daemon, 16)
        number = peer.send(asked("long", "x", LONG_EVENTS))
        reply = peer.receive()
        assert reply.id == number
        refused(reply, "OVERLOADED", "extras", "16 explanations wait, allowed are 16")
        assert reply.status.retry_after_microseconds >= 100_000
        assert {reply.code for reply in peer.take(16)} == {"DEADLINE_EXCEEDED"}
        explaining(long_daemon, 0)


def test_a_client_that_leaves_is_no_matter(long_daemon):
    with Wire(long_daemon.endpoint) as peer:
        peer.send(asked("long", "x", LONG_EVENTS, deadline_microseconds=1_500_000))
        explaining(long_daemon)
    explaining(long_daemon, 0)
    with Wire(long_daemon.endpoint) as peer:
        assert peer.ask(message("long", "x", LONG_EVENTS)).code == "OK"
    wait_until(lambda: long_daemon.metric("vigil_in_flight_requests", 'transport="zeromq"') == 0)


def test_a_reload_refuses_the_explanations_of_what_it_replaces(long_daemon, long_models):
    with Wire(long_daemon.endpoint) as peer, Wire(long_daemon.endpoint) as other:
        for _ in range(3):
            peer.send(asked("long", "x", LONG_EVENTS, deadline_microseconds=50_000_000))
        explaining(long_daemon, 3)
        manifest = long_models / "long" / "model.yaml"
        manifest.write_text(manifest.read_text().replace(LONG, LONG.replace("600", "500")))
        with long_daemon.client() as client:
            client.reload()
        for reply in peer.take(3):
            refused(reply, "UNAVAILABLE", "", "the model is being replaced")
            assert reply.status.retry_after_microseconds > 0
        assert other.ask(message("long", "x", LONG_EVENTS)).code == "OK"
    said = described(long_daemon, "long").explanation
    assert said.limit_nanoseconds == 500_000_000_000


def test_a_new_background_is_a_new_version_to_serve(make_daemon, tmp_path):
    write_network(
        tmp_path, "m", SMALL, "{output: score, method: shapley}", background=BACKGROUND[:4]
    )
    running = make_daemon(tmp_path)
    before = explain(running, "m", "x", EVENTS)
    write_background(tmp_path / "m" / "1", "m", "x", BACKGROUND)
    with running.client() as client:
        assert any("loaded m" in line for line in client.reload())
        assert not any("loaded m" in line for line in client.reload())
    after = explain(running, "m", "x", EVENTS)
    assert after.said.background != before.said.background
    assert described(running, "m").explanation.background_rows == 20


def test_sigterm_waits_for_the_explanation_that_runs_and_refuses_those_that_wait(
    make_daemon, tmp_path
):
    write_network(
        tmp_path, "long", Network(8), LONG, background=RANDOM.normal(0, 1, (4000, 8))
    )
    running = make_daemon(tmp_path, http_port=free_port())
    with Wire(running.endpoint) as peer:
        peer.send(asked("long", "x", LONG_EVENTS[:20, :8]))
        # Its rows run: it does not wait any more.
        wait_until(lambda: running.metric("vigil_microbatch_rows_count", 'model="long"') > 5)
        for _ in range(2):
            peer.send(asked("long", "x", LONG_EVENTS[:20, :8]))
        explaining(running, 3)
        running.process.send_signal(signal.SIGTERM)
        replies = {reply.id: reply for reply in peer.take(3)}
        assert Found(replies[1]).value.shape == (20, 8)
        for number in (2, 3):
            refused(replies[number], "UNAVAILABLE", "", "the daemon is draining")
    assert running.ended()[0] == 0


def test_explanations_are_counted(make_daemon, tmp_path):
    write_network(tmp_path / "other", "each", SMALL, "{output: score, method: occlusion}")
    running = make_daemon(tmp_path / "other", http_port=free_port())
    explain(running, "each", "x", EVENTS)
    label = 'model="each"'
    assert running.metric("vigil_explained_events_total", label) == len(EVENTS)
    assert running.metric("vigil_explanation_seconds_count", label) == 1
    assert running.metric("vigil_explanations_waiting", label) == 0


def test_rows_made_up_are_no_events_that_are_watched(make_daemon, tmp_path, write):
    write_network(tmp_path, "m", SMALL, "{output: score, method: occlusion}", NAMES)
    manifest = tmp_path / "m" / "model.yaml"
    manifest.write_text(manifest.read_text() + "monitored: [a, score]\n")
    running = make_daemon(tmp_path)
    data = write(x=RANDOM.normal(0, 1, (1000, 5)).astype("f4"))
    answer("reference", "m", "--data", data, "--kind", "data", at=running)
    with running.client() as client:
        client.reload()
    explain(running, "m", "x", EVENTS)
    with Peer(running.endpoint) as peer:
        request = wire.Request(id=1, monitoring=wire.MonitoringQuery(model="m"))
        (model,) = peer.ask([request.SerializeToString()]).message.monitoring.models
    assert not model.HasField("reason"), model
    assert [(stream.name, stream.events) for stream in model.streams] == [("none", len(EVENTS))]
