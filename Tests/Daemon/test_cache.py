"""What the daemon measures about models is kept, and checked before it is believed."""

import re

import pytest
from daemon import Daemon, copy_models

MODEL = "er-nr-tree"


@pytest.fixture
def folders(tmp_path):
    models = copy_models(tmp_path / "models", MODEL)
    return models, tmp_path / "cache"


def ladder(models, cache):
    """What the daemon says about the model's shapes, and its log."""
    with Daemon(models, top={"cache": str(cache)}) as daemon:
        with daemon.client() as client:
            (model,) = client.models()
            # Behind the first reading of the models, whose log is then complete.
            client.reload()
        return dict(model.ladder), model.evaluation, daemon.log()


def only_file(cache):
    (path,) = cache.iterdir()
    return path


def test_a_restart_takes_what_was_measured_before(folders):
    models, cache = folders
    first, evaluation, _ = ladder(models, cache)
    assert "leaf masks" in evaluation or "lockstep" in evaluation or "walk" in evaluation
    path = only_file(cache)
    text = path.read_text()
    kept = re.findall(r"rows (\d+) nanoseconds (\d+)", text)
    assert {int(rows): int(cost) for rows, cost in kept} == first
    # A mark that no measurement could make.
    mark = "rows 4 nanoseconds 11 worst 86399999999999"
    path.write_text(re.sub(r"rows 4 nanoseconds \d+ worst \d+", mark, text))
    second, _, log = ladder(models, cache)
    assert second == {**first, 4: 11}
    assert "cache" not in log


def test_other_shapes_are_measured(folders):
    models, cache = folders
    ladder(models, cache)
    before = only_file(cache)
    manifest = models / MODEL / "model.yaml"
    manifest.write_text(manifest.read_text().replace("maximum_rows: 1024", "maximum_rows: 24"))
    found, _, _ = ladder(models, cache)
    assert max(found) == 24
    assert len(list(cache.iterdir())) == 2 and before.exists()


@pytest.mark.parametrize(
    "text", ["", "rows 1 nanoseconds 1 worst 1\n", "vigil ladder 1\n", "\0" * 100_000]
)
def test_a_damaged_file_is_named_and_replaced(folders, text):
    models, cache = folders
    ladder(models, cache)
    path = only_file(cache)
    path.write_text(text)
    found, _, log = ladder(models, cache)
    assert found and f"{path}: " in log
    assert path.read_text().startswith("vigil ladder 1\nmodel sha256:")
    again, _, log = ladder(models, cache)
    assert again == found and "cache" not in log


def test_a_cache_that_cannot_be_written_is_named_and_the_model_serves(folders):
    models, cache = folders
    cache.write_text("a file, not a folder")
    found, _, log = ladder(models, cache)
    assert found and f"cache of {MODEL} 1: {cache}" in log


def test_the_folder_is_bounded_and_other_files_are_left(folders):
    models, cache = folders
    cache.mkdir()
    for number in range(300):
        (cache / f"{number:064}.ladder").write_text("old")
    (cache / "notes.txt").write_text("mine")
    ladder(models, cache)
    assert len(list(cache.glob("*.ladder"))) == 256
    assert (cache / "notes.txt").read_text() == "mine"
