"""Correctness, batch invariance, throughput and latency of models that a daemon serves."""

import concurrent.futures

import numpy as np

from serving import Failed

# Wall-clock seconds that one cell of a table aims at.
CELL_SECONDS = 0.5
# Requests of the run that tells how many the cell needs, and the most it may have.
PROBE_REQUESTS = 5
MOST_REQUESTS = 200_000
# Bytes of the requests in flight at most.
WINDOW_BYTES = 512 << 20
# Sizes of requests that hold the same events at other places of other micro-batches.
SIZES = [1, 2, 3, 5, 8, 13, 31, 64, 100, 200]
CLIENTS = 4


def scores(daemon, model, events, work, *options):
    """Answers by name for the columns `events`, as `vigil score` writes them."""
    source, target = work / f"{model}.in.npz", work / f"{model}.out.npz"
    np.savez(source, **events)
    daemon.run("score", source, "--model", model, "--output", target, *options)
    with np.load(target) as answers:
        return {name: answers[name] for name in answers}


def difference(found, wanted):
    """How far answers are from others: rms, and the largest difference, in units of the spread of
    the wanted ones over the events (their standard deviation); the worst output's."""
    worst = {"rms": 0.0, "largest": 0.0, "bit_equal": True}
    for name, values in wanted.items():
        values, other = values.astype("f8"), found[name].astype("f8")
        finite = np.isfinite(values) & np.isfinite(other)
        spread = np.std(values[finite]) or 1.0
        apart = np.abs(other - values)[finite] / spread
        worst["rms"] = max(worst["rms"], float(np.sqrt(np.mean(apart**2))))
        worst["largest"] = max(worst["largest"], float(apart.max()))
        worst["bit_equal"] &= found[name].tobytes() == wanted[name].tobytes()
        if (np.isfinite(values) != np.isfinite(other)).any():
            worst["rms"] = worst["largest"] = float("inf")
    return worst


def invariance(daemon, model, events, work):
    """Answers of `events` in requests of many sizes, several clients at once, beside those of one
    request: how many requests, and how many events of them differ in any bit."""
    work = work / f"invariance-{model}"
    work.mkdir()
    count = len(next(iter(events.values())))
    whole = scores(daemon, model, events, work, "--raw")
    parts, first = [], 0
    for turn in range(4 * len(SIZES)):
        size = min(SIZES[turn % len(SIZES)], count)
        first = (first + 7) % (count - size + 1)
        parts.append((turn, first, size))

    def ask(part):
        turn, first, size = part
        folder = work / f"part-{turn}"
        folder.mkdir()
        rows = slice(first, first + size)
        asked = {name: values[rows] for name, values in events.items()}
        answers = scores(daemon, model, asked, folder, "--raw")
        differs = np.zeros(size, bool)
        for name, values in answers.items():
            wanted = whole[name][rows]
            ours, others = (
                np.ascontiguousarray(array).reshape(size, -1).view(np.uint8) for array in (values, wanted)
            )
            differs |= (ours != others).any(axis=1)
        return int(differs.sum())

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        found = list(pool.map(ask, parts))
    return {
        "requests": len(parts),
        "events": sum(size for _, _, size in parts),
        "events_that_differ": sum(found),
    }


def loads(daemon, model, data, rows, event_bytes, most):
    """Latency of requests of `rows` events, one in flight, and rate and latency with `most` in
    flight, or fewer that are large."""
    window = int(max(2, min(most, WINDOW_BYTES // (rows * event_bytes))))
    one, many = (load(daemon, model, data, rows, count) for count in (1, window))
    return {"rows": rows, "one_in_flight": one, "many_in_flight": many}


def load(daemon, model, data, rows, window):
    """Rate and latency of requests of `rows` events, `window` of them in flight."""
    base = ["bench", model, "--data", data, "--rows", rows, "--window", window, "--raw"]
    probe = daemon.call(*base, "--requests", max(PROBE_REQUESTS, window))
    wanted = int(probe["requests_per_second"] * CELL_SECONDS)
    wanted = max(3 * window, PROBE_REQUESTS, min(MOST_REQUESTS, wanted))
    found = daemon.call(*base, "--requests", wanted)
    for answers in (probe, found):
        if answers["refusals"]:
            raise Failed(f"refused: {answers['first_refusal']}")
    return {
        "window": window,
        "requests": found["requests"],
        "events_per_second": found["events_per_second"],
        "p50_us": found["latency_us"]["p50"],
        "p99_us": found["latency_us"]["p99"],
    }


def engine(description, operations):
    """One micro-batch of each shape that the daemon uses, as it was timed when the model was loaded,
    copies to and from the device included."""
    return [
        {
            "rows": step["rows"],
            "us": step["nanoseconds"] / 1000,
            "events_per_second": step["rows"] / step["nanoseconds"] * 1e9,
            "tflops": step["rows"] * operations / step["nanoseconds"] / 1000,
        }
        for step in description["micro_batches"]
    ]
