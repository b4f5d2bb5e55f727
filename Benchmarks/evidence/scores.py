"""Raw scores of events by a daemon that runs for as long as they take."""

import contextlib
import signal
import socket
import subprocess
import time

import numpy as np
import vigil

from .events import features

ROWS_OF_A_REQUEST = 1024
START_SECONDS = 60
STOP_SECONDS = 40
GAIN = 0.95
"""What is left of an S2 where gain is lost."""


class Failure(Exception):
    """Why there are no scores."""


@contextlib.contextmanager
def daemon(binary, models, onnxruntime, work):
    """A client of a vigild that runs meanwhile."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        endpoint = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    settings, log = work / "vigild.yaml", work / "vigild.log"
    settings.write_text(
        f'models: {models}\nonnxruntime: {onnxruntime}\nzeromq:\n  endpoints: ["{endpoint}"]\n'
        "http:\n  enabled: false\n"
    )
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [binary, "--config", settings], stderr=stream, stdout=subprocess.DEVNULL
        )
    try:
        with vigil.Client(endpoint, timeout=START_SECONDS) as client:
            end = time.monotonic() + START_SECONDS
            while not client.status().ready:
                if process.poll() is not None or time.monotonic() > end:
                    raise Failure(f"vigild is not ready, see {log}")
                time.sleep(0.05)
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        finally:
            process.kill()


def raw(client, model, values, *outputs):
    """Raw outputs by name, each of shape (events,)."""
    parts = [
        client.score(
            model, values[start : start + ROWS_OF_A_REQUEST], raw=True, outputs=outputs,
            priority="BULK",
        ).outputs
        for start in range(0, len(values), ROWS_OF_A_REQUEST)
    ]  # fmt: skip
    return {name: np.concatenate([part[name].value for part in parts]) for name in outputs}


def edges(client, model):
    """Edges of the bins along the only column of a model's first output."""
    return np.asarray(client.models(model)[0].uncertainty[0].bins[0].edges, np.float64)


def scored(client, calibration, test, fresh, fresh_kind):
    """The columns that vigil-closure takes, by name."""
    splits = (calibration, test)
    both = {name: np.concatenate([split[name] for split in splits]) for name in calibration}
    kept = ("kind", "s1c", "s2c", "drift_time", "true_x", "true_y", "true_energy")
    columns = {name: both[name] for name in kept}
    columns["is_calibration"] = np.repeat([1, 0], [len(split["kind"]) for split in splits])
    values = features(both)
    axes = ("x", "x_low", "x_high", "y", "y_low", "y_high", "s2_top")
    columns |= raw(client, "position-cnn", both["hits"], *axes)
    columns["mlp"] = raw(client, "er-nr-mlp", values, "margin")["margin"]
    columns["tree"] = raw(client, "er-nr-tree", values, "margin")["margin"]
    columns["neighbours"] = raw(client, "kinematic-neighbours", values, "score")["score"]
    columns["autoencoder"] = raw(client, "pattern-autoencoder", both["hits"], "score")["score"]
    # Not selected anew: an analysis would lose some events at threshold, and see a change from that too.
    lost = features(test)[test["kind"] <= 1]
    lost[:, 1] *= GAIN
    for name, table in (("lost", lost), ("fresh", fresh)):
        for place, feature in enumerate(("s1c", "s2c", "drift_time")):
            columns[f"{name}_{feature}"] = table[:, place].copy()
        columns[f"{name}_mlp"] = raw(client, "er-nr-mlp", table, "margin")["margin"]
    columns["fresh_kind"] = fresh_kind
    columns["gain"] = np.array([GAIN])
    return columns
