#!/usr/bin/env python3
"""Writes golden.json: inputs, and what reference libraries make of them.

Run in a virtual environment with requirements.txt installed:
    python make_golden.py        # rewrites golden.json beside this file
"""
import json
from pathlib import Path

import numpy as np
from mapie.exchangeability_testing import OnlineMartingaleTest
from scipy import stats

random = np.random.default_rng(20261126)


def drift_cases():
    """Chi-square of both rows of counts and Kolmogorov-Smirnov of bin numbers, by scipy."""
    cases = []
    for bins, reference, window, tilt in (
        (2, 500, 200, 0.0), (10, 4000, 1000, 0.3), (50, 40000, 10000, 0.0), (50, 40000, 10000, 0.1),
        (20, 3000, 5000, 1.0),
    ):
        share = np.linspace(1 - tilt / 2, 1 + tilt / 2, bins)
        # At least ten a bin of either: nothing is merged.
        first = 10 + random.multinomial(reference - 10 * bins, np.full(bins, 1 / bins))
        second = 10 + random.multinomial(window - 10 * bins, share / share.sum())
        table = stats.chi2_contingency([second, first], correction=False)
        smirnov = stats.ks_2samp(
            np.repeat(np.arange(bins), first), np.repeat(np.arange(bins), second), method="auto"
        )
        cases.append(
            {
                "reference": first.tolist(),
                "window": second.tolist(),
                "chi_square": float(table.statistic),
                "degrees": int(table.dof),
                "chi_square_p": float(table.pvalue),
                "distance": float(smirnov.statistic),
            }
        )
    return cases


def martingale_cases():
    """Capitals of MAPIE's jumper after each p-value."""
    cases = []
    for power in (1.0, 0.7, 2.0):
        p = np.round(random.uniform(size=400) ** power, 6)
        test = OnlineMartingaleTest(jump_size=0.01, warn=False)
        capital = [float(test.update_simple_jumper_martingale(value)) for value in p]
        cases.append({"p": p.tolist(), "capital": capital})
    return cases


def main():
    golden = {"drift": drift_cases(), "martingales": martingale_cases()}
    text = json.dumps(golden, separators=(",", ":"), allow_nan=False) + "\n"
    Path(__file__).with_name("golden.json").write_text(text)
    print(f"golden.json: {len(text) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
