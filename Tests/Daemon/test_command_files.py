"""`vigil score` and data files: which it reads, and what it says of those it does not."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from command import (
    FEATURES,
    assert_same_bits,
    complaint,
    document,
    expected,
    features,
    scored,
    vigil_command,
)

# Neither one request nor a whole number of them.
EVENTS = 2500


@pytest.fixture(scope="module")
def some(sample):
    return {name: column[:EVENTS] for name, column in sample.items()}


@pytest.mark.parametrize("kind", ["C", "Fortran", ">f4", "<f8", ">f8", "f2", "<i8"])
def test_an_array_may_be_stored_in_many_ways(served, some, write, tmp_path, kind):
    hits = some["hits"][:300]
    stored = np.asfortranarray(hits) if kind == "Fortran" else hits
    if kind[0] not in "CF":
        stored = hits.astype(kind)
    found = scored(served, write(stored), "position-cnn", tmp_path)
    assert_same_bits(found, expected(served, "position-cnn", stored.astype("f4")))


@pytest.mark.parametrize("form", ["columns", "array", "compressed", "doubles"])
def test_features_may_be_columns_or_one_array(served, some, write, tmp_path, form):
    columns = {name: some[name] for name in FEATURES}
    path = {
        "columns": lambda: write(**columns),
        "array": lambda: write(features=features(some)),
        "compressed": lambda: write(compressed=True, **columns),
        "doubles": lambda: write(**{name: array.astype(">f8") for name, array in columns.items()}),
    }[form]()
    found = scored(served, path, "er-nr-mlp", tmp_path)
    assert_same_bits(found, expected(served, "er-nr-mlp", features(some)))
    assert "event_id" not in found


def test_an_event_that_is_not_finite_is_flagged(served, some, write, tmp_path):
    array = features(some).copy()
    array[1999, 2] = np.nan
    found = scored(served, write(features=array), "er-nr-mlp", tmp_path)
    assert_same_bits(found, expected(served, "er-nr-mlp", array))
    assert np.flatnonzero(found["nr_flags"]).tolist() == [1999]
    assert np.flatnonzero(np.isnan(found["nr"])).tolist() == [1999]
    report = document("score", write(features=array), "-m", "er-nr-mlp", at=served)
    assert all(np.isfinite(column["mean"]) for column in report["columns"])


def test_flags_are_stored_as_bits(served, some, write, tmp_path):
    array = features(some).copy()
    array[3] = np.inf
    found = scored(served, write(features=array), "er-nr-mlp", tmp_path)
    assert found["nr_flags"].dtype == np.uint8


@pytest.mark.parametrize("row", [7, 2222])
def test_a_refused_event_is_named_by_its_row_in_the_file(served, some, write, tmp_path, row):
    hits = some["hits"].copy()
    hits[row, 3] = np.nan
    target = tmp_path / "scores.npz"
    line = complaint("score", write(hits), "-m", "position-cnn", "-o", target, at=served)
    assert line.startswith("INVALID: ") and "'hits'" in line
    assert f"row {row})" in line
    assert not target.exists()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda hits: hits[:, :60], ("[500, 60]", "[61]")),
        (lambda hits: hits[0], ("[61]",)),
        (lambda hits: hits[:, :, None], ("[500, 61, 1]", "[61]")),
        (lambda hits: np.float32(3), ("[]", "[61]")),
        (lambda hits: hits.astype("c16"), ("c16", "f4")),
        (lambda hits: hits.astype("U5"), ("U5", "f4")),
        (lambda hits: np.zeros(500, [("a", "f4"), ("b", "f4")]), ("type",)),
    ],
    ids=["width", "one-event", "rank", "scalar", "complex", "text", "record"],
)
def test_a_wrong_array_is_told_with_what_is_allowed(served, some, write, change, told):
    path = write(change(some["hits"][:500]))
    line = complaint("score", path, "-m", "position-cnn", at=served)
    assert str(path) in line
    for part in told:
        assert part in line


def test_a_missing_array_is_named_with_those_there(served, some, write):
    path = write(**{name: some[name] for name in FEATURES[:4]})
    line = complaint("score", path, "-m", "er-nr-mlp", at=served)
    assert str(path) in line and "'y_s2'" in line and ", ".join(FEATURES[:4]) in line
    line = complaint("score", path, "-m", "position-cnn", at=served)
    assert "'hits'" in line


def test_an_array_that_cannot_be_used_is_not_called_missing(served, some, write):
    path = write(hits=some["hits"][:10].astype("U5"))
    line = complaint("score", path, "-m", "position-cnn", at=served)
    assert "U5" in line and "there is no array" not in line


def test_columns_of_different_lengths_are_refused(served, some, write):
    columns = {name: some[name][: 100 - (name == "s1c")] for name in FEATURES}
    line = complaint("score", write(**columns), "-m", "er-nr-mlp", at=served)
    assert "differ in length" in line and "s1c" in line


def test_a_feature_that_is_no_column_is_refused(served, some, write):
    columns = {name: some[name][:300].reshape(100, 3) for name in FEATURES}
    line = complaint("score", write(**columns), "-m", "er-nr-mlp", at=served)
    assert "[100, 3]" in line and "s1c" in line


@pytest.mark.parametrize("model", ["position-cnn", "er-nr-tree"])
def test_no_events_are_no_mystery(served, some, write, model):
    path = write(**{name: column[:0] for name, column in some.items()})
    line = complaint("score", path, "-m", model, "--json", at=served)
    assert line == f"{path} holds no events"


@pytest.mark.parametrize(
    "content",
    [b"", b"\x93NUMPY", b"PK", b"PK\x03\x04" + bytes(100), b"s1c,s2c\n1,2\n", bytes(4096)],
    ids=["empty", "magic", "zip", "cut-zip", "text", "zeros"],
)
def test_a_file_that_holds_no_arrays_is_named(served, tmp_path, content):
    path = tmp_path / "data.npz"
    path.write_bytes(content)
    assert str(path) in complaint("score", path, "-m", "er-nr-mlp", at=served)


def test_a_path_that_is_no_file_is_named(served, tmp_path):
    for path, told in (
        (tmp_path, "is a directory"),
        (tmp_path / "none.npz", "No such file or directory"),
        ("/dev/null", "is no regular file"),
    ):
        assert complaint("score", path, "-m", "er-nr-mlp", at=served) == f"{path}: {told}"


@pytest.mark.parametrize("form", ["npy", "npz", "compressed"])
def test_a_damaged_file_never_crashes_the_command(served, some, write, tmp_path, form):
    hits = some["hits"][:20]
    whole = (write(hits) if form == "npy" else write(hits=hits, compressed=form != "npz"))
    content = whole.read_bytes()
    generator = np.random.default_rng(7)
    path = tmp_path / "damaged"
    for number in range(40):
        damaged = bytearray(content)
        if number % 4 == 0:
            del damaged[generator.integers(len(damaged)) :]
        # Headers and directories stand at both ends.
        for _ in range(number % 4):
            place = generator.integers(min(160, len(damaged)))
            damaged[place if number % 2 else -1 - place] = generator.integers(256)
        path.write_bytes(damaged)
        result = vigil_command("score", path, "-m", "position-cnn", at=served)
        assert result.returncode in (0, 1), bytes(damaged)
        assert result.stderr.count("\n") == result.returncode, result.stderr


@pytest.mark.parametrize("where", ["header", "name"])
def test_what_a_file_says_does_not_reach_the_terminal_unescaped(served, tmp_path, where):
    path = tmp_path / "data.npz"
    evil = "\x1b[31m\n\x07"
    if where == "header":
        header = f"{{'descr': '{evil}', 'fortran_order': False, 'shape': (1,), }}".encode()
        path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"a{evil}.npy", b"")
    result = vigil_command("score", path, "-m", "position-cnn", at=served)
    assert result.returncode == 1 and str(path) in result.stderr
    assert result.stderr.removesuffix("\n").isprintable(), repr(result.stderr)
    assert "\\u{1b}[31m" in result.stderr
