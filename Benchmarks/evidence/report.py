"""What was found beside what was promised: CLOSURE.md and CLOSURE.json."""

import json
import math
import os
import platform
from collections import defaultdict
from datetime import date
from pathlib import Path

CHANCE = 0.01
"""Chance that a row about a law is missed although the law holds, over all bins and tests of it."""


def tail(z):
    """Chance that a standard normal number lies farther from 0 than z."""
    return math.erfc(abs(z) / math.sqrt(2))


def tests(entry):
    """p-values that mean, deviation and shape of repeated shares are those of their law."""
    count = len(entry["shares"])
    mean = (entry["mean"] - entry["law_mean"]) / (entry["law_deviation"] / math.sqrt(count))
    # The logarithm of a variance of n normal numbers is about normal, with variance 2 / (n - 1).
    ratio = 2 * math.log(entry["deviation"] / entry["law_deviation"]) / math.sqrt(2 / (count - 1))
    return {"mean": tail(mean), "deviation": tail(ratio), "ks": entry["kolmogorov_p_value"]}


def law_rows(found):
    """One row for each method and level: all bins, and the one at threshold."""
    groups = defaultdict(list)
    for entry in found["coverage"]:
        groups[entry["method"], entry["coverage"]].append(entry)
    for (method, coverage), bins in groups.items():
        worst = min((p, name, entry["bin"]) for entry in bins for name, p in tests(entry).items())
        lowest = next(entry for entry in bins if entry["is_lowest"])
        yield {
            "what": f"{method}, {100 * coverage:g} %, {len(bins)} bin{'s' * (len(bins) > 1)}",
            "target": f"{lowest['law_mean']:.4f} ± {lowest['law_deviation']:.4f} in the lowest bin; "
                      f"no test of mean, deviation or shape below {CHANCE / (3 * len(bins)):.1g}",
            "got": f"{lowest['mean']:.4f} ± {lowest['deviation']:.4f}; smallest p-value "
                   f"{worst[0]:.2g} ({worst[1]}, bin {worst[2]})",
            "met": worst[0] >= CHANCE / (3 * len(bins)),
        }  # fmt: skip


def spectrum_rows(found):
    """A spectrum that changed."""
    shift = found["spectrum"]
    spread = math.sqrt(
        0.09 / shift["effective_calibration_events"] + 0.09 / shift["effective_test_events"]
    )
    what = f"NR spectrum exp(-E / {shift['decay_energy']:g} keV), CQR 90 %"
    yield {"what": f"{what}, one bin, unweighted", "target": "none: it ought to fail",
           "got": f"{shift['plain']:.3f}", "met": None}  # fmt: skip
    for name, key in (("one bin, weighted by S2 histograms", "weighted"), ("in S2 bins", "binned")):
        yield {
            "what": f"{what}, {name}",
            "target": f"0.900 ± {3 * spread:.3f} (3 standard errors)",
            "got": f"{shift[key]:.3f}",
            "met": abs(shift[key] - 0.9) <= 3 * spread,
        }


def step_rows(found):
    """A step of the answers."""
    for step in found["steps"]:
        what = f"x + {step['offset']:g} mm, CQR 90 %, {step['bins']}"
        least = 0.9 - step["allowance"]
        yield {"what": f"{what}, fixed", "target": "none: it ought to fail",
               "got": f"{step['fixed']:.3f}", "met": None}  # fmt: skip
        yield {"what": f"{what}, adaptive, γ = {step['step']:g}",
               "target": f"at least {least:.4f} over {step['events_after']} truths",
               "got": f"{step['adaptive']:.4f}", "met": step["adaptive"] >= least}  # fmt: skip


def drift_rows(found):
    """Windows and martingales."""
    drift = found["drift"]
    loss, window = f"{100 * (1 - drift['gain']):.0f} % of S2 gain lost", drift["window_events"]
    yield {
        "what": f"{loss}: windows of {window} events that alarm",
        "target": f"all {drift['lost_windows']}",
        "got": f"{drift['lost_alarms']}; smallest distance {drift['smallest_lost_distance']:.3f}",
        "met": drift["lost_alarms"] == drift["lost_windows"],
    }
    yield {
        "what": f"no change: windows of {window} that alarm, {drift['fresh_events']} fresh events",
        "target": f"0 of {drift['fresh_windows']}",
        "got": f"{drift['fresh_alarms']}; largest distance {drift['largest_fresh_distance']:.4f}, "
               f"smallest q {drift['smallest_fresh_rate']:.2g}",
        "met": drift["fresh_alarms"] == 0,
    }  # fmt: skip
    yield {
        "what": f"no change: martingales that alarm at a chance of {drift['chance']:g}",
        "target": f"0 of {len(drift['values'])}",
        "got": f"{drift['fresh_martingale_alarms']}; largest capital "
               f"{math.exp(drift['largest_fresh_capital']):.3g}",
        "met": drift["fresh_martingale_alarms"] == 0,
    }  # fmt: skip
    after = drift.get("lost_martingale_events")
    yield {
        "what": f"{loss}: events until a martingale alarms", "target": "none: slow by design",
        "got": str(after) if after else f"no alarm in {drift['lost_events']}", "met": None,
    }  # fmt: skip


def daemon_rows(found):
    """What the daemon itself found of the streams that it counted."""
    gain, window = found["drift"]["gain"], found["drift"]["window_events"]
    for entry in found["daemon"]:
        values = entry["values"].values()
        bets = sum(value["martingale_alarm"] for value in values)
        largest = max(value["largest_log_capital"] for value in values)
        got = f"{entry['alarms']}" + f", {entry['skipped']} not judged" * (entry["skipped"] > 0)
        if entry["stream"] == "lost":
            yield {
                "what": f"{entry['model']}: windows that alarm, {100 * (1 - gain):.0f} % of S2 gain lost",
                "target": f"all {entry['events'] // window}, so within {window} events",
                "got": got,
                "met": entry["alarms"] == entry["events"] // window,
            }
            continue
        yield {
            "what": f"{entry['model']}: windows that alarm, {entry['events']} events without change",
            "target": f"0 of {entry['events'] // window}",
            "got": got,
            "met": entry["alarms"] == 0 and entry["skipped"] == 0,
        }
        yield {
            "what": f"{entry['model']}: martingales that alarm at a chance of {entry['chance']:g}, the same",
            "target": f"0 of {len(values)}",
            "got": f"{bets}; largest capital {math.exp(largest):.3g}",
            "met": bets == 0,
        }


def discovery_rows(found):
    """Searches for anomalies."""
    for search in found["discoveries"]:
        bound = search["rate"] * (1 - search["anomalies"] / search["events"])
        limit = bound + 3 * search["false_share_error"]
        yield {
            "what": f"{search['model']}, {search['anomaly']}, q = {search['rate']:g}",
            "target": f"false share at most {bound:.4f} + 3 standard errors",
            "got": f"{search['false_share']:.4f} ± {search['false_share_error']:.4f}, power "
                   f"{search['power']:.3f} ± {search['power_error']:.3f}",
            "met": search["false_share"] <= limit,
        }  # fmt: skip


def prior_rows(found):
    """Probabilities at other priors."""
    for change in found["priors"]:
        bins, prior = change["bins"], change["prior"]
        inside = sum(entry["is_inside"] for entry in bins)
        yield {"what": f"Venn-ABERS of {change['model']} at prior {prior:g}: bins within their bands",
               "target": f"{len(bins)} of {len(bins)}", "got": f"{inside} of {len(bins)}",
               "met": inside == len(bins)}  # fmt: skip
        yield {
            "what": f"the same: log loss of {change['events']} events, as calibrated and shifted",
            "target": "not larger when shifted",
            "got": f"{change['loss_before']:.5f} and {change['loss_after']:.5f}",
            "met": change["loss_after"] <= change["loss_before"] * (1 + 1e-9),
        }


SECTIONS = (
    ("Coverage", law_rows,
     "Pool: all ER and NR of both splits. Half of each bin's events, drawn by lot, calibrates, the "
     "other half tests, again and again. Over such divisions the count of covered events is "
     "beta-binomial exactly: the Beta law of coverage with the test set's binomial error. Its mean, "
     "its standard deviation and, by Kolmogorov and Smirnov, its shape are tested in each bin. "
     "Intervals are those of x; ± is a standard deviation. The coverage of a p-value is the share of "
     "its class that it keeps, above 1 minus that. Equal scores may only raise coverage."),
    ("Spectrum", spectrum_rows,
     "Calibrated on ER and NR of the calibration split; NR of the test split are drawn again by their "
     "true energy. The standard error is that of as many events of one weight on both sides."),
    ("Step", step_rows,
     "The test split as a stream; every truth comes back. The target is Gibbs and Candès' bound."),
    ("Drift", drift_rows,
     "Reference: the calibration split. Fresh events come from seeds that no split has."),
    ("Drift as the daemon told it", daemon_rows,
     "The same events as two streams of a running vigild, which holds every window of 10,000 against "
     "the references that the Zoo's models come with, and says so in its monitoring reply. Fresh events "
     "are ER and NR half and half, of the generator's seeds for splits 100 to 104, shuffled by the "
     "run's seed."),
    ("Discoveries", discovery_rows, "100 anomalies among 10,000 events a draw."),
    ("Priors", prior_rows,
     "Calibrated at 50:50 on the calibration split, judged on fresh events. All bands of one prior "
     "hold together with a chance of 95 %."),
)  # fmt: skip


def machine():
    """What it ran on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores"


def write(found, counts, seconds, folder):
    """Both files."""
    sections = [(title, text, list(rows(found))) for title, rows, text in SECTIONS]
    judged = [row["met"] for _, _, rows in sections for row in rows if row["met"] is not None]
    kinds = "; ".join(f"{name} {sum(number)}" for name, number in counts.items())
    lines = [
        "# Closure", "",
        "Written by `Benchmarks/closure`: events of the Zoo's dataset that no model was trained on, "
        "scored raw by the Zoo's models in a running vigild, then calibrated and tested by the "
        "product's own code. Targets were set before the run.", "",
        f"{sum(judged)} of {len(judged)} targets met. {machine()}; seed {found['seed']}, "
        f"{found['repetitions']} repetitions; events: {kinds}; {seconds:.0f} s; {date.today()}.", "",
    ]  # fmt: skip
    for title, text, rows in sections:
        lines += [f"## {title}", text, "", "| what | target | got | |", "|---|---|---|---|"]
        for row in rows:
            verdict = {True: "met", False: "**missed**", None: ""}[row["met"]]
            lines.append(f"| {row['what']} | {row['target']} | {row['got']} | {verdict} |")
        lines.append("")
        lines += PLOTS.get(title, [])
    (folder / "CLOSURE.md").write_text("\n".join(lines).rstrip() + "\n")
    kept = found | {
        "coverage": [
            {name: value for name, value in entry.items() if name != "shares"} | {"tests": tests(entry)}
            for entry in found["coverage"]
        ],
        "machine": machine(),
        "events": counts,
        "seconds": round(seconds),
        "rows": {title: rows for title, _, rows in sections},
    }  # fmt: skip
    (folder / "CLOSURE.json").write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


PLOTS = {
    "Coverage": ["![Coverage of repeated calibrations beside its law](closure-coverage.svg)", ""],
    "Step": ["![Coverage of successive events after a step](closure-step.svg)", ""],
    "Discoveries": ["![False share and power at three rates](closure-discoveries.svg)", ""],
    "Priors": ["![Reliability at three priors](closure-priors.svg)", ""],
}
