"""Plots of what was found, as SVG."""

import math

import matplotlib
import numpy as np

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402

STYLE = {
    "font.size": 9, "axes.spines.top": False, "axes.spines.right": False,
    # The same bytes for the same numbers, and letters that can be searched.
    "svg.hashsalt": "vigil", "svg.fonttype": "none",
}  # fmt: skip
BLUE, ORANGE, GREY = "#2166ac", "#d6604d", "#777777"


def draw(found, folder):
    """All plots, into a folder."""
    with plt.rc_context(STYLE):
        for name, plot in PLOTS.items():
            figure = plot(found)
            figure.savefig(folder / f"closure-{name}.svg", metadata={"Date": None})
            plt.close(figure)


def beta_binomial(counts, trials, alpha, beta):
    """Chances of counts."""
    gamma = math.lgamma
    return np.array([
        math.exp(
            gamma(trials + 1) - gamma(count + 1) - gamma(trials - count + 1)
            + gamma(count + alpha) + gamma(trials - count + beta) - gamma(trials + alpha + beta)
            + gamma(alpha + beta) - gamma(alpha) - gamma(beta)
        )
        for count in counts
    ])  # fmt: skip


def coverage(found):
    """The lowest bin of each method of intervals and of ellipses at 90 %, beside its law."""
    shown = [
        entry for entry in found["coverage"]
        if entry["is_lowest"] and not entry["method"].startswith("p-value")
        and (entry["method"] != "ellipse" or entry["coverage"] == 0.9)
    ]  # fmt: skip
    figure, axes = plt.subplots(2, 3, figsize=(9, 5), layout="constrained")
    for place, entry in zip(axes.flat, shown):
        trials, events = round(entry["test_events"]), round(entry["calibration_events"])
        alpha = entry["law_mean"] * (events + 1)
        middle, spread = entry["law_mean"] * trials, entry["law_deviation"] * trials
        counts = np.arange(max(0, int(middle - 4 * spread)), min(trials, int(middle + 4 * spread)) + 1)
        chances = beta_binomial(counts, trials, alpha, events + 1 - alpha)
        place.hist(entry["shares"], bins=20, density=True, color=BLUE, alpha=0.5)
        place.plot(counts / trials, chances * trials, color=ORANGE)
        place.set_title(f"{entry['method']}, {100 * entry['coverage']:g} %")
        place.set_yticks([])
    for place in axes.flat[len(shown):]:
        place.remove()
    figure.supxlabel(
        f"covered share of the bin at threshold (S2 light {shown[0]['bin']} phd): "
        f"{found['repetitions']} repetitions, and the law"
    )
    return figure


def step(found):
    """Coverage of successive events, fixed and adaptive."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3), sharey=True, layout="constrained")
    for place, run in zip(axes, found["steps"]):
        times = (np.arange(len(run["fixed_points"])) + 0.5) * run["events_of_one_point"] / 1000
        place.plot(times, run["fixed_points"], color=GREY, label="fixed")
        place.plot(times, run["adaptive_points"], color=BLUE, label="adaptive")
        place.axhline(0.9, color=ORANGE, lw=1)
        place.axvline(run["events_before"] / 1000, color=GREY, lw=0.8, ls=":")
        place.set_title(f"CQR, {run['bins']}; x + {run['offset']:g} mm")
        place.set_xlabel("thousand events")
    axes[0].set_ylabel("covered share")
    axes[0].legend(frameon=False)
    return figure


def discoveries(found):
    """False share and power of each search by rate."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    names = list(dict.fromkeys(entry["anomaly"] for entry in found["discoveries"]))
    for name in names:
        entries = [entry for entry in found["discoveries"] if entry["anomaly"] == name]
        rates = [entry["rate"] for entry in entries]
        for place, key in zip(axes, ("false_share", "power")):
            place.errorbar(
                rates, [entry[key] for entry in entries],
                [entry[f"{key}_error"] for entry in entries], marker="o", ms=4, label=name,
            )  # fmt: skip
    axes[0].plot([0, 0.22], [0, 0.22], color=GREY, lw=1, ls=":")
    axes[0].set_ylabel("false share of discoveries")
    axes[1].set_ylabel("share of anomalies found")
    axes[1].set_ylim(-0.02, 1.02)
    axes[1].legend(frameon=False)
    for place in axes:
        place.set_xlabel("q")
    return figure


def priors(found):
    """Measured share of NR beside the probability told, in units of the latter."""
    figure, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
    for place, change in zip(axes, found["priors"]):
        bins = change["bins"]
        numbers = np.arange(1, len(bins) + 1)
        told = np.array([entry["mean"] for entry in bins])
        low, high, share = (
            np.array([entry[key] for entry in bins]) for key in ("low", "high", "measured")
        )
        place.fill_between(
            numbers, low / told, high / told, color=ORANGE, alpha=0.25, step="mid", lw=0
        )
        place.plot(numbers, share / told, "o", ms=4, color=BLUE)
        place.set_title(f"prior {change['prior']:g}")
        place.set_ylim(0, 3)
        place.set_xticks(numbers)
        place.set_xlabel("bin of probability")
    axes[0].set_ylabel("measured / told, and its band")
    return figure


PLOTS = {"coverage": coverage, "step": step, "discoveries": discoveries, "priors": priors}
