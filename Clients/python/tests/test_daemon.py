"""The client against a running daemon with the reference models.

VIGIL_ENDPOINT is where it listens, VIGIL_SAMPLE an npz of labelled events: s1c, s2c,
drift_time, x_s2, y_s2, true_x, true_y of shape (N,), hits of (N, 61), kind (0 ER, 1 NR, anomalies
above).
Deselect with `-k "not daemon"`.
"""

from __future__ import annotations

import asyncio
import os

import numpy as np
import pytest

import vigil

FEATURES = ("s1c", "s2c", "drift_time", "x_s2", "y_s2")
BINARY = ("er-nr-tree", "er-nr-mlp")
MODELS = (*BINARY, "position-cnn", "pattern-autoencoder", "kinematic-neighbours")
# Events of one request where a whole sample is scored.
STRIDE = 4096


def setting(name):
    """An environment variable that these tests cannot do without."""
    found = os.environ.get(name)
    if not found:
        pytest.fail(f"{name} is not set: start vigild first, or run pytest -k 'not daemon'")
    return found


@pytest.fixture(scope="module")
def endpoint():
    return setting("VIGIL_ENDPOINT")


@pytest.fixture(scope="module")
def sample():
    with np.load(setting("VIGIL_SAMPLE")) as stored:
        return {name: stored[name] for name in stored.files}


@pytest.fixture
def client(endpoint):
    with vigil.Client(endpoint) as client:
        yield client


class Events:
    """Events of the sample as a model wants them.

    Args:
        model: the model as the daemon describes it.
        sample: columns by name.
        rows: indices of the events, or a slice.
    """

    def __init__(self, model, sample, rows):
        if model.inputs[0].name == "features":
            self.values = np.stack([sample[name][rows] for name in FEATURES], 1).astype("f4")
        else:
            self.values = sample["hits"][rows].astype("f4")
        # What the calibration bins of some models are cut in.
        needed = {a.name for u in model.uncertainty for a in u.bins if a.source == "request"}
        self.columns = {name: sample[name][rows] for name in needed}

    def __len__(self):
        return len(self.values)

    def part(self, rows):
        """Values and columns of some of the events, as arguments of `score`."""
        return self.values[rows], {name: column[rows] for name, column in self.columns.items()}


@pytest.fixture
def events(client, sample):
    def of(name, rows=slice(None)):
        return Events(client.models(name)[0], sample, rows)

    return of


def score(client, name, events, rows=slice(None), **options):
    values, columns = events.part(rows)
    return client.score(name, values, columns=columns, **options)


def arrays(scores):
    """Every array of an answer, by a path of its own."""
    found = {}
    for name, output in scores.outputs.items():
        for part in ("value", "lower", "upper", "flags"):
            if getattr(output, part) is not None:
                found[f"{name}.{part}"] = getattr(output, part)
    found.update({f"p {name}": array for name, array in scores.p_values.items()})
    if scores.log_likelihood_ratio is not None:
        found["ratio"] = scores.log_likelihood_ratio
    return found


def assert_same_bits(found, wanted):
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        assert found[name].dtype == array.dtype
        assert found[name].tobytes() == np.ascontiguousarray(array).tobytes(), name


def whole(client, name, events, stride=STRIDE, **options):
    """Arrays of an answer about every event, asked for in several requests."""
    parts = [
        arrays(score(client, name, events, slice(first, first + stride), **options))
        for first in range(0, len(events), stride)
    ]
    return {path: np.concatenate([part[path] for part in parts]) for path in parts[0]}


# What there is


def test_the_status_is_ready_and_counts(client, events):
    before = client.status()
    assert before.ready and before.version and not before.reasons
    score(client, "er-nr-tree", events("er-nr-tree", slice(0, 7)))
    assert client.status().events >= before.events + 7


def test_the_reference_models_serve(client):
    known = {model.name: model for model in client.models()}
    for name in MODELS:
        model = known[name]
        assert (model.state, model.calibration_reason) == ("serving", None)
        assert model.digest.startswith("sha256:") and len(model.digest) == 71
        assert model.calibration and model.uncertainty
    assert known["position-cnn"].inputs[0].shape == (61,)
    assert known["er-nr-tree"].inputs[0].features == FEATURES


def test_the_provenance_is_the_models(client, events):
    model = client.models("er-nr-mlp")[0]
    source = score(client, "er-nr-mlp", events("er-nr-mlp", slice(0, 1))).provenance
    for field in ("version", "digest", "precision", "device", "calibration", "calibration_date"):
        assert getattr(source, field) == getattr(model, field), field
    assert source.model == "er-nr-mlp" and source.bins


# The same event gives the same bits


@pytest.mark.parametrize("name", MODELS)
def test_an_event_scores_the_same_alone_and_in_a_batch(client, events, name):
    some = events(name, slice(0, 64))
    together = arrays(score(client, name, some))
    for row in range(len(some)):
        alone = arrays(score(client, name, some, slice(row, row + 1)))
        assert_same_bits(alone, {path: array[row : row + 1] for path, array in together.items()})


@pytest.mark.parametrize("name", MODELS)
def test_the_order_and_size_of_a_batch_do_not_matter(client, events, name):
    some = events(name, slice(0, 2000))
    order = np.random.default_rng(1).permutation(len(some))
    straight = whole(client, name, some, stride=300)
    shuffled = arrays(score(client, name, some, order))
    assert_same_bits(shuffled, {path: array[order] for path, array in straight.items()})


@pytest.mark.parametrize("name", MODELS)
def test_64_in_flight_are_answered_as_one_by_one(endpoint, client, events, name):
    some = events(name, slice(0, 256))
    rows = [slice(first, first + 1 + first % 5) for first in range(0, 256, 4)]

    async def scenario():
        async with vigil.AsyncClient(endpoint, max_in_flight=64) as many:
            return await asyncio.gather(*(score(many, name, some, part) for part in rows))

    found = asyncio.run(scenario())
    assert len(found) == 64
    for part, scores in zip(rows, found, strict=True):
        assert_same_bits(arrays(scores), arrays(score(client, name, some, part)))


# What the numbers mean


@pytest.mark.parametrize("axis", ["x", "y"])
def test_intervals_hold_the_truth_as_often_as_asked(client, events, sample, axis):
    truth = sample[f"true_{axis}"]
    found = whole(client, "position-cnn", events("position-cnn"), coverage=0.9)
    lower, upper = found[f"{axis}.lower"], found[f"{axis}.upper"]
    usable = ~np.isnan(lower) & (sample["kind"] <= 1)
    held = (lower <= truth) & (truth <= upper)
    assert 0.88 <= held[usable].mean() <= 0.92
    assert np.all(lower[usable] <= upper[usable])


def test_a_higher_coverage_widens_intervals(client, events):
    some = events("position-cnn", slice(0, 500))
    narrow = score(client, "position-cnn", some, coverage=0.5)
    wide = score(client, "position-cnn", some, coverage=0.95)
    assert (narrow.coverage, wide.coverage) == (0.5, 0.95)
    np.testing.assert_array_equal(narrow.value, wide.value)
    assert np.all(wide.upper - wide.lower >= narrow.upper - narrow.lower)


@pytest.mark.parametrize("name", BINARY)
def test_probabilities_tell_the_kinds_apart(client, events, sample, name):
    output = client.models(name)[0].uncertainty[0]
    (label,) = output.classes[list(output.classes)[1]]
    found = whole(client, name, events(name))
    value = next(array for path, array in found.items() if path.endswith(".value"))
    ours = sample["kind"] == label
    assert np.nanmean(value[ours]) > np.nanmean(value[~ours]) + 0.1


@pytest.mark.parametrize("name", BINARY)
def test_small_p_values_of_a_kind_are_as_rare_as_they_say(client, events, sample, name):
    classes = client.models(name)[0].uncertainty[0].classes
    found = whole(client, name, events(name))
    for hypothesis, (label,) in classes.items():
        p_value = found[f"p {hypothesis}"][sample["kind"] == label]
        assert np.mean(p_value <= 0.1) < 0.13, hypothesis


@pytest.mark.parametrize("name", BINARY)
def test_the_prior_moves_the_probability_and_not_the_ratio(client, events, name):
    some = events(name, slice(0, 500))
    low, high = (score(client, name, some, prior=prior) for prior in (0.01, 0.5))
    usable = (low.flags & vigil.FLAG_NONFINITE) == 0
    assert np.all(low.value[usable] <= high.value[usable])
    assert np.mean(low.value[usable] < high.value[usable]) > 0.5
    np.testing.assert_array_equal(low.log_likelihood_ratio, high.log_likelihood_ratio)
    for scores in (low, high):
        assert np.all(scores.lower[usable] <= scores.value[usable])
        assert np.all(scores.value[usable] <= scores.upper[usable])


def test_anomalies_come_with_a_p_value(client, events):
    scores = score(client, "pattern-autoencoder", events("pattern-autoencoder", slice(0, 500)))
    assert list(scores.outputs) == ["score"]
    assert list(scores.p_values) == ["normal"]
    assert np.all((scores.p_value > 0) & (scores.p_value <= 1))


def test_raw_answers_are_the_artefacts_outputs(client, events):
    model = client.models("position-cnn")[0]
    scores = score(client, "position-cnn", events("position-cnn", slice(0, 3)), raw=True)
    assert list(scores.outputs) == [output.name for output in model.outputs]
    assert scores.method == "raw" and scores.lower is None


def test_doubles_score_as_the_floats_they_become(client, events):
    some = events("er-nr-tree", slice(0, 100))
    single = arrays(score(client, "er-nr-tree", some))
    some.values = some.values.astype("f8")
    assert_same_bits(arrays(score(client, "er-nr-tree", some)), single)


# Explanations


@pytest.mark.parametrize("name", MODELS)
def test_shares_of_an_event_are_the_same_alone_and_in_a_batch(client, events, name):
    some = events(name, slice(0, 16))
    together = score(client, name, some, attributions=True)
    made, known = together.attributions, client.models(name)[0].explanation
    assert (made.output, made.method, made.features) == (known.output, known.method, known.features)
    assert (made.background, made.gradient) == (known.background, known.gradient)
    assert made.value.shape == (16, len(made.features)) and np.isfinite(made.value).all()
    if made.base is not None:
        rest = made.score - made.base - made.value.sum(axis=1)
        np.testing.assert_allclose(made.residual, np.abs(rest), atol=1e-12)
    for row in (0, 7, 15):
        alone = score(client, name, some, slice(row, row + 1), attributions=True).attributions
        assert alone.value.tobytes() == made.value[row : row + 1].tobytes()
    # The answer beside them is the usual one.
    assert_same_bits(arrays(together), arrays(score(client, name, some)))


def test_shares_are_made_at_bulk_alone(client, events):
    with pytest.raises(vigil.InvalidRequest) as caught:
        score(
            client, "er-nr-tree", events("er-nr-tree", slice(0, 1)), attributions=True,
            priority="STANDARD",
        )  # fmt: skip
    assert caught.value.field == "priority"


# Refusals


def test_a_name_that_is_not_there_lists_those_near(client, events):
    with pytest.raises(vigil.NotFound) as caught:
        client.score("er-nr-tre", events("er-nr-tree", slice(0, 1)).values)
    assert "er-nr-tree" in caught.value.near


def test_a_version_that_is_not_there_is_not_found(client, events):
    with pytest.raises(vigil.NotFound):
        score(client, "er-nr-tree", events("er-nr-tree", slice(0, 1)), version="no-such")


def test_a_wrong_shape_names_the_field(client, events):
    some = events("position-cnn", slice(0, 4))
    some.values = some.values[:, :60]
    with pytest.raises(vigil.InvalidRequest) as caught:
        score(client, "position-cnn", some)
    assert caught.value.field == "inputs[0].shape"
    assert "61" in caught.value.message


def test_a_wrong_input_name_lists_those_near(client):
    with pytest.raises(vigil.InvalidRequest) as caught:
        client.score("position-cnn", {"hit": np.zeros((1, 61), "f4")})
    assert caught.value.field == "inputs[0].name"
    assert "hits" in caught.value.near


@pytest.mark.parametrize("coverage", [0.0, 1.0, float("nan")])
def test_a_coverage_that_is_none_is_refused(client, events, coverage):
    with pytest.raises(vigil.InvalidRequest) as caught:
        score(client, "position-cnn", events("position-cnn", slice(0, 1)), coverage=coverage)
    assert caught.value.field == "coverage"


@pytest.mark.parametrize("name", MODELS)
def test_a_value_that_is_not_finite_does_what_the_model_says(client, events, name):
    some = events(name, slice(0, 8))
    clean = arrays(score(client, name, some))
    some.values[5, 2] = np.nan
    policy = client.models(name)[0].inputs[0].nonfinite
    if policy == "refuse":
        with pytest.raises(vigil.InvalidRequest) as caught:
            score(client, name, some)
        assert caught.value.row == 5
        return
    scores = score(client, name, some)
    others = np.arange(8) != 5
    assert_same_bits(
        {path: array[others] for path, array in arrays(scores).items()},
        {path: array[others] for path, array in clean.items()},
    )
    if policy == "flag":
        assert scores.flags[5] & vigil.FLAG_NONFINITE
        assert np.isnan(scores.value[5])
    else:
        assert np.isfinite(scores.value[5])


def test_a_deadline_that_cannot_be_kept_is_exceeded(client, events):
    some = events("position-cnn", slice(0, 1000))
    score(client, "position-cnn", some)
    with pytest.raises(vigil.DeadlineExceeded):
        score(client, "position-cnn", some, deadline=2e-5)
    score(client, "position-cnn", some)
