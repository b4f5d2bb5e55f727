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
JUDGED_SECONDS = 10
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


def raw(client, model, values, *outputs, stream=None):
    """Raw outputs by name, each of shape (events,)."""
    parts = [
        client.score(
            model, values[start : start + ROWS_OF_A_REQUEST], raw=True, outputs=outputs,
            priority="BULK", stream=stream,
        ).outputs
        for start in range(0, len(values), ROWS_OF_A_REQUEST)
    ]  # fmt: skip
    return {name: np.concatenate([part[name].value for part in parts]) for name in outputs}


def edges(client, model):
    """Edges of the bins along the only column of a model's first output."""
    return np.asarray(client.models(model)[0].uncertainty[0].bins[0].edges, np.float64)


def lost(test):
    """Features (events, 5) of ER and NR of the test split whose S2 gain is lower.

    Not selected anew: an analysis would lose some events at threshold, and see a change from that too.
    """
    table = features(test)[test["kind"] <= 1]
    table[:, 1] *= GAIN
    return table


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
    for name, table in (("lost", lost(test)), ("fresh", fresh)):
        for place, feature in enumerate(("s1c", "s2c", "drift_time")):
            columns[f"{name}_{feature}"] = table[:, place].copy()
        margins = raw(client, "er-nr-mlp", table, "margin", stream=name)
        columns[f"{name}_mlp"] = margins["margin"]
    columns["fresh_kind"] = fresh_kind
    columns["gain"] = np.array([GAIN])
    return columns


def watched(client, test, fresh):
    """What the daemon itself finds of the streams `lost` and `fresh`, one entry a model and stream.

    The network's streams are those that `scored` sent.
    """
    tables = {"lost": lost(test), "fresh": fresh}
    for model, output in (("er-nr-tree", "margin"), ("kinematic-neighbours", "score")):
        for stream, table in tables.items():
            raw(client, model, table, output, stream=stream)
    return [
        judged(client, model, stream, len(table))
        for model in ("er-nr-mlp", "er-nr-tree", "kinematic-neighbours")
        for stream, table in tables.items()
    ]


def judged(client, model, stream, events):
    """One stream when its full windows are judged."""
    end = time.monotonic() + JUDGED_SECONDS
    while True:
        (monitoring,) = client.monitoring(model)
        found = monitoring.streams[stream]
        if found.windows + found.skipped == events // monitoring.window_events:
            break
        if time.monotonic() > end:
            raise Failure(f"windows of {model}, stream {stream}, are not judged")
        time.sleep(0.05)
    compared = found.comparisons["simulation"]
    return {
        "model": model, "stream": stream, "events": found.events, "windows": found.windows,
        "skipped": found.skipped, "alarms": compared.alarms, "chance": monitoring.chance,
        "values": {name: {
            "alarms": drift.alarms, "largest_log_capital": drift.largest_log_capital,
            "martingale_alarm": drift.martingale_alarm,
        } for name, drift in compared.values.items()},
    }  # fmt: skip
