#!/usr/bin/env python3
"""Writes golden.json: small models, events, and what reference libraries explain of them.

Run in a virtual environment with requirements.txt installed:
    python make_golden.py        # rewrites golden.json beside this file

Inputs and weights are multiples of 1/64, the same number in single and in double precision; every
expected number is the library's own, never this project's formula.
"""
import json
from pathlib import Path

import numpy as np
import shap
import torch
from captum.attr import FeatureAblation, InputXGradient, IntegratedGradients, Occlusion

random = np.random.default_rng(20261127)


def rounded(values):
    return np.round(np.asarray(values, dtype=float) * 64) / 64


class Network:
    """One hidden layer of tanh: every order of interaction."""

    def __init__(self, features, hidden=6):
        self.weights = rounded(random.normal(0, 1.5 / np.sqrt(features), (hidden, features)))
        self.offsets = rounded(random.normal(0, 0.5, hidden))
        self.output = rounded(random.normal(0, 1, hidden))

    def __call__(self, rows):
        return np.tanh(rows @ self.weights.T + self.offsets) @ self.output

    def torch(self, rows):
        weights, offsets, output = map(torch.tensor, (self.weights, self.offsets, self.output))
        return torch.tanh(rows.flatten(1) @ weights.T + offsets) @ output

    def json(self):
        return {
            "weights": self.weights.tolist(),
            "offsets": self.offsets.tolist(),
            "output": self.output.tolist(),
        }


def masker(background):
    return shap.maskers.Independent(background, max_samples=len(background))


def exact(model, background, event):
    return shap.explainers.Exact(model, masker(background))(event[None])


def exact_cases():
    """Values, and their standard errors by the spread of values against single background rows."""
    cases = []
    for features, rows in ((1, 8), (3, 16), (5, 64), (8, 12), (10, 8)):
        model = Network(features)
        background = rounded(random.normal(0, 1, (rows, features)))
        for event in rounded(random.normal(0, 1.5, (2, features))):
            answer = exact(model, background, event)
            single = np.array(
                [exact(model, background[i : i + 1], event).values[0] for i in range(rows)]
            )
            cases.append(
                {
                    "model": model.json(),
                    "background": background.ravel().tolist(),
                    "x": event.tolist(),
                    "base": float(np.ravel(answer.base_values)[0]),
                    "values": answer.values[0].tolist(),
                    "errors": (single.std(axis=0, ddof=1) / np.sqrt(rows)).tolist(),
                }
            )
    return cases


def pairwise_case():
    """A score whose features interact two by two: any antithetic pair of orders is exact."""
    features, rows = 12, 10
    quadratic = rounded(random.normal(0, 1, (features, features)))
    background = rounded(random.normal(0, 1, (rows, features)))
    event = rounded(random.normal(0, 1, features))

    def model(rows):
        return np.einsum("ni,ij,nj->n", rows, quadratic, rows)

    explainer = shap.explainers.Permutation(model, masker(background), seed=1)
    answer = explainer(event[None], max_evals=2 * features + 1)
    return {
        "quadratic": quadratic.tolist(),
        "background": background.ravel().tolist(),
        "x": event.tolist(),
        "base": float(np.ravel(answer.base_values)[0]),
        "values": answer.values[0].tolist(),
    }


def many_case():
    """More features than are explained exactly in Vigil: exact here, and by 300 pairs of orders."""
    features, rows = 12, 32
    model = Network(features)
    background = rounded(random.normal(0, 1, (rows, features)))
    event = rounded(random.normal(0, 1.5, features))
    answer = exact(model, background, event)
    explainer = shap.explainers.Permutation(model, masker(background), seed=1)
    pairs = 300
    estimate = explainer(event[None], max_evals=pairs * (2 * features + 1))
    return {
        "model": model.json(),
        "background": background.ravel().tolist(),
        "x": event.tolist(),
        "base": float(np.ravel(answer.base_values)[0]),
        "exact": answer.values[0].tolist(),
        "permutation": estimate.values[0].tolist(),
    }


def draw_case():
    """Orders and background rows of an event, from numpy's Philox, which counts up before it draws."""
    seed, event, features, rows, pairs = 2026, 2**40 + 17, 5, 9, 4
    words = []
    for block in range(6):
        counter = event + (block << 64) + (1 << 128) - 1
        words += [int(w) for w in np.random.Philox(counter=counter, key=seed).random_raw(4)]
    drawn = iter(words)

    def below(bound):
        return next(drawn) * bound >> 64

    stored, orders = list(range(rows)), []
    for pair in range(pairs):
        other = pair + below(rows - pair)
        stored[pair], stored[other] = stored[other], stored[pair]
        order = list(range(features))
        for place in range(features):
            other = place + below(features - place)
            order[place], order[other] = order[other], order[place]
        orders.append(order)
    return {
        "seed": seed,
        "event": event,
        "rows": rows,
        "background_rows": stored[:pairs],
        "orders": orders,
    }


def group_case():
    """captum's FeatureAblation; a feature in no group is in a group of its own there."""
    features = 9
    model = Network(features)
    groups = [[0], [4, 1, 8], [2, 3], [7]]
    mask = np.arange(features) + len(groups)
    for number, members in enumerate(groups):
        mask[members] = number
    # Numbers without a gap, as captum wants them.
    _, mask = np.unique(mask, return_inverse=True)
    event = rounded(random.normal(0, 1.5, features))
    baseline = rounded(random.normal(0, 1, features))
    answer = FeatureAblation(model.torch).attribute(
        torch.tensor(event)[None],
        baselines=torch.tensor(baseline)[None],
        feature_mask=torch.tensor(mask)[None],
    )[0]
    return {
        "model": model.json(),
        "x": event.tolist(),
        "baseline": baseline.tolist(),
        "groups": groups,
        "values": [float(answer[members[0]]) for members in groups],
    }


def patch_case():
    """captum's Occlusion by a window that steps by its own size, over 2 channels of 4 by 6."""
    shape, side = (2, 4, 6), 2
    model = Network(int(np.prod(shape)))
    event = rounded(random.normal(0, 1.5, shape))
    window = (shape[0], side, side)
    answer = Occlusion(model.torch).attribute(
        torch.tensor(event)[None], sliding_window_shapes=window, strides=window, baselines=0
    )[0]
    return {
        "model": model.json(),
        "x": event.ravel().tolist(),
        "shape": shape,
        "side": side,
        "values": answer[0, ::side, ::side].ravel().tolist(),
    }


def gradient_cases():
    """captum's integrated gradients by its Gauss-Legendre rule, and input times gradient."""
    cases = []
    for features, steps in ((3, 1), (5, 4), (7, 12), (12, 32)):
        model = Network(features)
        event = rounded(random.normal(0, 1.5, features))
        baseline = rounded(random.normal(0, 1, features))
        integrated = IntegratedGradients(model.torch).attribute(
            torch.tensor(event)[None],
            baselines=torch.tensor(baseline)[None],
            n_steps=steps,
            method="gausslegendre",
        )
        leaf = torch.tensor(event)[None].requires_grad_()
        cases.append(
            {
                "model": model.json(),
                "x": event.tolist(),
                "baseline": baseline.tolist(),
                "steps": steps,
                "integrated": integrated[0].tolist(),
                "gradient_times_input": InputXGradient(model.torch)
                .attribute(leaf)[0]
                .detach()
                .tolist(),
            }
        )
    return cases


def rule_cases():
    """Points and weights of numpy's rule, moved from [-1, 1] to [0, 1]."""
    cases = []
    for points in (1, 2, 5, 16, 33):
        nodes, weights = np.polynomial.legendre.leggauss(points)
        cases.append({"nodes": ((1 + nodes) / 2).tolist(), "weights": (weights / 2).tolist()})
    return cases


def main():
    golden = {
        "exact": exact_cases(),
        "pairwise": pairwise_case(),
        "many": many_case(),
        "draws": draw_case(),
        "groups": group_case(),
        "patches": patch_case(),
        "gradients": gradient_cases(),
        "rules": rule_cases(),
    }
    text = json.dumps(golden, separators=(",", ":"), allow_nan=False) + "\n"
    Path(__file__).with_name("golden.json").write_text(text)
    print(f"golden.json: {len(text) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
