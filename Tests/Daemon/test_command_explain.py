"""`vigil explain`: tables, JSON, arrays and drawings against what the Python client is told."""

from __future__ import annotations

import signal
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from command import (
    INTERRUPTED, PATIENCE, answer, complaint, document, end, misuse, start, wait_until,
)  # fmt: skip
from explained import NAMES, Network, write_image, write_network, write_pulls

RANDOM = np.random.default_rng(11)
SMALL, WIDE, ARRAY = Network(5), Network(12, hidden=6, seed=8), Network(24, hidden=6, seed=9)
EVENTS = 20
X = RANDOM.normal(0, 1, (EVENTS, 5)).astype("f4")
WIDE_X = RANDOM.normal(0, 1, (EVENTS, 12)).astype("f4")
ARRAY_X = RANDOM.normal(0, 1, (EVENTS, 24)).astype("f4")
PIXELS = RANDOM.normal(0, 1, (EVENTS, 2, 5, 7)).astype("f4")
IDS = np.arange(EVENTS) + 7_000_000_000
BLUE, RED = "rgb(33,102,172)", "rgb(178,24,43)"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explained")
    named = ", nonfinite: flag" + NAMES
    shapley = "{output: score, method: shapley}"
    write_network(folder, "exact", SMALL, shapley, named, background=X[:9])
    write_network(
        folder, "permuted", WIDE, "{output: score, method: shapley, permutations: 8}",
        background=WIDE_X,
    )
    write_network(folder, "array", ARRAY, "{output: score, method: occlusion}")
    write_network(
        folder, "bounded", SMALL, "{output: score, method: shapley, seconds: 0.05}",
        background=np.tile(X, (20, 1)),
    )
    write_network(
        folder, "long", SMALL, "{output: score, method: shapley, seconds: 600}",
        background=np.tile(X, (200, 1)),
    )
    write_image(folder, "patches", "{output: score, method: occlusion, patch: 3}")
    write_pulls(folder)
    write_network(folder, "no-background", SMALL, shapley)
    write_network(folder, "silent", SMALL, shapley)
    manifest = folder / "silent" / "model.yaml"
    manifest.write_text(manifest.read_text().split("explain:")[0])
    return folder


@pytest.fixture
def data(write):
    return write(x=X, event_id=IDS)


def attributions(running, model, values, ids=None, **options):
    with running.client() as client:
        return client.score(model, values, attributions=True, event_ids=ids, **options).attributions


def assert_same(report, made, rows=slice(None)):
    """A report says of its events what the client is told of these rows."""
    assert (report["output"], report["method"]) == (made.output, made.method)
    assert report["features"] == list(made.features)
    assert (report.get("background"), report["evaluations"]) == (made.background, made.evaluations)
    events = report["events"]
    assert [event["shares"] for event in events] == made.value[rows].tolist()
    assert [event["score"] for event in events] == made.score[rows].tolist()
    for name, key in (("error", "errors"), ("base", "base"), ("residual", "residual")):
        array = getattr(made, name)
        found = [event.get(key) for event in events]
        assert found == ([None] * len(events) if array is None else array[rows].tolist())


# What is told


def test_a_report_holds_what_the_daemon_says(running, data):
    report = document("explain", "exact", "--data", data, "--first", EVENTS, at=running)
    assert_same(report, attributions(running, "exact", X))
    assert [event["event"] for event in report["events"]] == list(range(EVENTS))
    assert [event["event_id"] for event in report["events"]] == IDS.tolist()
    assert [event["inputs"] for event in report["events"]] == X.tolist()
    with running.client() as client:
        (model,) = client.models("exact")
    assert (report["model"], report["version"], report["digest"]) == ("exact", "1", model.digest)
    assert report["unit"] == "keV"


def test_events_are_those_asked_for_in_that_order(running, data):
    words = [word for row in (7, 3, 4, 19) for word in ("--event", row)]
    report = document("explain", "exact", "--data", data, *words, at=running)
    assert [event["event"] for event in report["events"]] == [7, 3, 4, 19]
    assert_same(report, attributions(running, "exact", X), [7, 3, 4, 19])
    alone = document("explain", "exact", "--data", data, at=running)
    assert [event["event"] for event in alone["events"]] == [0]


def test_what_is_sampled_is_drawn_by_seed_and_event_id(running, write):
    with_ids, without = write(x=WIDE_X, event_id=IDS), write(x=WIDE_X, name="plain")
    made = attributions(running, "permuted", WIDE_X, IDS, seed=5)
    words = ("explain", "permuted", "--first", EVENTS)
    report = document(*words, "--data", with_ids, "--seed", 5, at=running)
    assert_same(report, made)
    assert report["method"] == "permutation-shapley" and made.error.min() > 0
    # Rows are the ids of a file that has none.
    report = document(*words, "--data", without, at=running)
    assert_same(report, attributions(running, "permuted", WIDE_X, np.arange(EVENTS)))
    assert all("event_id" not in event for event in report["events"])


def test_a_model_of_several_inputs_is_explained(running, write):
    scale = np.linspace(1, 2, EVENTS).astype("f4")
    path = write(x=WIDE_X[:, :7], scale=scale)
    report = document("explain", "pulls", "--data", path, "--first", EVENTS, at=running)
    assert_same(report, attributions(running, "pulls", {"x": WIDE_X[:, :7], "scale": scale}))
    assert "inputs" not in report["events"][0]
    text = answer("explain", "pulls", "--data", path, at=running)
    assert text.startswith("pulls 1: mean square of pulls by pulls, ")
    assert {line.split()[0] for line in text.splitlines()[-7:]} == {
        f"pulls[{place}]" for place in range(7)
    }


def test_more_events_than_a_request_may_hold_take_several(running, write):
    with running.client() as client:
        limits = client.models("bounded")[0].explanation
    most = limits.limit_nanoseconds // limits.nanoseconds
    many = np.tile(X, (most // EVENTS + 2, 1))[: most + 5]
    report = document(
        "explain", "bounded", "--data", write(x=many), "--first", len(many), at=running
    )
    shares = np.array([event["shares"] for event in report["events"]])
    np.testing.assert_array_equal(shares, shares[:EVENTS][np.arange(len(many)) % EVENTS])
    assert len(report["events"]) == len(many)
    with running.client() as client, pytest.raises(Exception, match="at most"):
        client.score("bounded", many, attributions=True)


def test_arrays_hold_the_same(running, data, write, tmp_path):
    path = tmp_path / "made.npz"
    text = answer("explain", "exact", "--data", data, "--first", 9, "-o", path, at=running)
    assert text.splitlines()[-1] == f"written to {path}"
    made = attributions(running, "exact", X[:9])
    with np.load(path) as found:
        assert set(found.files) == {"event", "attributions", "error", "score", "base", "residual"}
        np.testing.assert_array_equal(found["event"], np.arange(9))
        np.testing.assert_array_equal(found["attributions"], made.value)
        for name in ("error", "score", "base", "residual"):
            np.testing.assert_array_equal(found[name], getattr(made, name))
    answer("explain", "array", "--data", write(x=ARRAY_X, name="a"), "-o", path, at=running)
    with np.load(path) as found:
        assert set(found.files) == {"event", "attributions", "score"}


# Tables


def test_a_table_begins_with_the_largest_shares(running, data):
    made = attributions(running, "exact", X[:2])
    text = answer("explain", "exact", "--data", data, "--first", 2, at=running)
    heading, *events = text.rstrip("\n").split("\n\n")
    background = made.background[:19]
    assert heading == (
        f"exact 1: score by exact-shapley, {made.evaluations} evaluations an event, "
        f"background {background}"
    )
    for row, event in enumerate(events):
        title, sum_of, header, _, *lines = event.splitlines()
        assert title.startswith(f"event {row} (id {IDS[row]}): score ") and title.endswith(" keV")
        assert sum_of.startswith("base ") and ", residual " in sum_of
        assert header.split() == ["feature", "value", "share", "error"]
        order = np.argsort(-np.abs(made.value[row]))
        assert [line.split()[0] for line in lines] == [made.features[place] for place in order]
        for place, line in zip(order, lines):
            _, value, share, error, *_ = line.split()
            assert float(value) == pytest.approx(X[row, place], rel=1e-3)
            assert float(share) == pytest.approx(made.value[row, place], rel=1e-3)
            assert float(error) == pytest.approx(made.error[row, place], rel=0.06)
            left, right = line.split("|")
            length = round(20 * abs(made.value[row, place]) / np.abs(made.value[row]).max())
            sides = (left.count("█"), right.count("█"))
            assert sides == ((length, 0) if made.value[row, place] < 0 else (0, length))
        assert len({line.index("|") for line in lines}) == 1


def test_small_shares_of_many_are_summed(running, write):
    made = attributions(running, "array", ARRAY_X[:1])
    text = answer("explain", "array", "--data", write(x=ARRAY_X), at=running)
    assert "base" not in text and "error" not in text
    order = np.argsort(-np.abs(made.value[0]))
    lines = text.splitlines()[-21:]
    assert [line.split()[0] for line in lines[:20]] == [f"x[{place}]" for place in order[:20]]
    others, count, share, *_ = lines[20].replace("others", "", 1).split("|")[0].split() + ["", ""]
    assert others == "4"
    assert float(count) == pytest.approx(made.value[0, order[20:]].sum(), rel=1e-3)


def test_an_event_that_is_not_finite_is_not_explained(running, write, tmp_path):
    holed = X[:2].copy()
    holed[0, 2] = np.nan
    data, page = write(x=holed), tmp_path / "page.svg"
    text = answer("explain", "exact", "--data", data, "--first", 2, "--plot", page, at=running)
    _, first, second, _ = text.split("\n\n")
    assert first == "event 0\nnothing is explained: an input is not finite"
    assert second.startswith("event 1: score ")
    texts, _ = drawn(page)
    assert "nothing is explained: an input is not finite" in texts
    report = document("explain", "exact", "--data", data, "--first", 2, at=running)
    assert report["events"][0]["shares"] == [None] * 5


# Drawings


def drawn(page):
    """Texts of a drawing, and its other elements by kind."""
    root = ElementTree.parse(page).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    kinds = {}
    for element in root.iter():
        kinds.setdefault(element.tag.rpartition("}")[2], []).append(element)
        for value in element.attrib.values():
            assert "nan" not in value and "inf" not in value
    return ["".join(element.itertext()) for element in kinds["text"]], kinds


def test_shares_are_drawn_as_bars(running, data, tmp_path):
    page = tmp_path / "page.svg"
    answer("explain", "exact", "--data", data, "--first", 3, "--plot", page, at=running)
    made = attributions(running, "exact", X[:3])
    texts, kinds = drawn(page)
    assert "exact 1: score by exact-shapley" in texts
    assert texts.count("share of score [keV]") == 3
    for colour, count in ((BLUE, np.sum(made.value < 0)), (RED, np.sum(made.value >= 0))):
        bars = [bar for bar in kinds["rect"] if bar.get("fill") == colour]
        assert len(bars) == count
    # Bars of an event are as long as their shares are large.
    bars = [bar for bar in kinds["rect"] if bar.get("fill") in (BLUE, RED)][:5]
    lengths = np.array([float(bar.get("width")) for bar in bars])
    shares = np.sort(np.abs(made.value[0]))[::-1]
    np.testing.assert_allclose(lengths / lengths[0], shares / shares[0], atol=1e-3)
    for place, name in enumerate(made.features):
        assert any(text.startswith(f"{name} = ") for text in texts), place


def test_patches_are_drawn_where_they_lie(running, write, tmp_path):
    page = tmp_path / "page.svg"
    data = write(pixels=PIXELS)
    answer("explain", "patches", "--data", data, "--plot", page, at=running)
    made = attributions(running, "patches", PIXELS[:1])
    assert len(made.features) == 2 * 3
    texts, kinds = drawn(page)
    assert {"input", "share of score"} <= set(texts)
    filled = [rect for rect in kinds["rect"] if rect.get("fill").startswith("rgb")]
    # Pixels of the image, patches of the shares, and a colour bar of 64 steps for each.
    assert len(filled) == 5 * 7 + 6 + 2 * 64
    largest = int(np.argmax(np.abs(made.value[0])))
    patches = filled[5 * 7 + 64:][:6]
    assert patches[largest].get("fill") == (RED if made.value[0, largest] > 0 else BLUE)


def places(folder, count=24, heading="x,y\n", name="places.csv"):
    path = folder / name
    path.write_text(heading + "".join(f"{k % 6 * 10.5},{k // 6 * -9}\r\n" for k in range(count)))
    return path


def test_sensors_are_drawn_where_they_are(running, write, tmp_path):
    page, data = tmp_path / "page.svg", write(x=ARRAY_X)
    answer(
        "explain", "array", "--data", data, "--plot", page, "--positions", places(tmp_path),
        at=running,
    )  # fmt: skip
    made = attributions(running, "array", ARRAY_X[:1])
    _, kinds = drawn(page)
    sensors = [one for one in kinds["circle"] if one.get("fill") != "none"]
    assert len(sensors) == 2 * 24
    shares = sensors[24:]
    largest = int(np.argmax(np.abs(made.value[0])))
    assert shares[largest].get("fill") == (RED if made.value[0, largest] > 0 else BLUE)
    columns = [float(one.get("cx")) for one in shares[:6]]
    assert columns == sorted(columns) and len(set(columns)) == 6
    # y grows upwards: the first sensors have the largest.
    assert float(shares[0].get("cy")) < float(shares[23].get("cy"))


# Refusals


WRONG_POSITIONS = {
    "three.csv": ("1,2\n3,4,5\n", "line 2: found '3,4,5'"),
    "word.csv": ("x,y\n1,2\n1,b\n", "line 3: found '1,b'"),
    "infinite.csv": ("1,inf\n", "line 1: found '1,inf'"),
    "empty.csv": ("x,y\n\n", "holds no positions"),
    "many.csv": ("1,2\n" * 16_385, "holds 16385 positions, at most 16384 are drawn"),
    "few.csv": ("1,2\n2,3\n", "found 2 sensors, 24 features have a share"),
}


@pytest.mark.parametrize("name", WRONG_POSITIONS)
def test_wrong_positions_are_told(running, write, tmp_path, name):
    text, told = WRONG_POSITIONS[name]
    path, page = tmp_path / name, tmp_path / "page.svg"
    path.write_text(text)
    line = complaint(
        "explain", "array", "--data", write(x=ARRAY_X), "--plot", page, "--positions", path,
        at=running,
    )  # fmt: skip
    assert told in line and not page.exists()


@pytest.mark.parametrize(
    "model, told",
    [
        ("silent", "explain"), ("no-background", "background"), ("none", "no model 'none'"),
    ],
)  # fmt: skip
def test_what_cannot_be_explained_is_told(running, data, tmp_path, model, told):
    page = tmp_path / "page.svg"
    assert told in complaint("explain", model, "--data", data, "--plot", page, at=running)
    assert not page.exists()


def test_events_that_are_not_there_are_told(running, data):
    words = ("explain", "exact", "--data", data)
    line = complaint(*words, "--event", 3, "--event", 20, at=running)
    assert line == f"--event 20: {data} holds the events 0 to 19"
    assert complaint(*words, "--first", 21, at=running) == f"--first 21: {data} holds 20 events"


def test_wrong_data_are_told(running, write, tmp_path):
    def told(path):
        return complaint("explain", "exact", "--data", path, at=running)

    assert "no array 'a', it holds z" in told(write(z=X))
    assert "allowed is [events] + [5]" in told(write(x=X[:, :4], name="narrow"))
    columns = {name: X[:, place] for place, name in enumerate("abcde")}
    assert "differ in length" in told(write(**{**columns, "c": X[:7, 2]}, name="ragged"))
    assert "holds no events" in told(write(x=X[:0], name="empty"))
    assert "missing.npz" in told(tmp_path / "missing.npz")
    text = tmp_path / "text.npz"
    text.write_text("words")
    assert "neither a .npy nor a .npz" in told(text)


def test_files_that_cannot_be_written_are_told_first(data, tmp_path):
    # No daemon is asked.
    for option in ("--output", "--plot"):
        name = tmp_path / "none" / ("a.npz" if option == "--output" else "a.svg")
        line = complaint("explain", "exact", "--data", data, option, name, at="tcp://127.0.0.1:9")
        assert str(name.parent) in line


@pytest.mark.parametrize(
    "words",
    [
        ["--event=-1"], ["--first=0"], ["--first=2", "--event=1"], ["--output=a.txt"],
        ["--plot=a.png"], ["--plot=a.svg", "--first=13"], ["--positions=a.csv"],
        ["--event=one"], ["--seed=-1"],
    ],
)  # fmt: skip
def test_wrong_options_are_refused(words):
    assert words[0].split("=")[0] in misuse("explain", "exact", "--data", "x.npz", *words)


def test_ctrl_c_leaves_no_file(running, write, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    data = write(x=np.tile(X, (50, 1)))
    process = start(
        "explain", "long", "--data", data, "--first", 1000, "-o", folder / "made.npz",
        at=running,
    )  # fmt: skip
    try:
        with running.client() as client:
            assert wait_until(lambda: client.status().in_flight > 0)
            process.send_signal(signal.SIGINT)
            assert process.communicate(timeout=PATIENCE)[0] == b""
            assert process.returncode in INTERRUPTED
            assert client.status().ready
    finally:
        end(process)
    assert list(folder.iterdir()) == []


# What models say


def test_models_say_how_they_are_explained(running):
    def line(model):
        lines = answer("models", model, at=running).splitlines()
        return [line.strip() for line in lines if "explanation" in line]

    (said,) = line("exact")
    assert said.startswith(
        "explanation of score by exact-shapley, 5 features, background of 9 events, "
    )
    assert said.endswith("ms an event, at most 10 s a request")
    (said,) = line("no-background")
    assert said.startswith("no explanation: ") and "background" in said
    assert line("silent") == []
