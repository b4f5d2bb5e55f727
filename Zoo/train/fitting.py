"""The training loop that the networks share."""

import argparse
import time
from pathlib import Path

import torch

BATCH_EVENTS = 1024
HELD_OUT = 20
"""One event in HELD_OUT is kept from training, to watch the loss on."""


def arguments(description, default_out, seed=None, epochs=None):
    """The command line of a training program."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("data", type=Path, help="the training split, train.npz")
    parser.add_argument("--out", type=Path, default=Path(default_out),
                        help="file to write (default: %(default)s)")
    if seed is not None:
        parser.add_argument("--seed", type=int, default=seed, help="default: %(default)s")
    if epochs:
        parser.add_argument("--epochs", type=int, default=epochs, help="default: %(default)s")
    return parser.parse_args()


def fit(module, loss_of_rows, count, epochs, peak_rate, sets=1):
    """Minimises `loss_of_rows(rows)` over `count` events with Adam and a one-cycle rate.

    `rows` is (sets, batch) when `sets` > 1, each set in an order of its own; else (batch,).
    """
    torch.set_num_threads(1)
    optimizer = torch.optim.Adam(module.parameters(), lr=peak_rate)
    held_out = torch.arange(0, count, HELD_OUT)
    used = torch.tensor([row for row in range(count) if row % HELD_OUT])
    steps = len(used) // BATCH_EVENTS
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=peak_rate, total_steps=steps * epochs)
    start = time.monotonic()
    for epoch in range(epochs):
        module.train()
        order = torch.stack([used[torch.randperm(len(used))] for _ in range(sets)])
        for step in range(steps):
            rows = order[:, step * BATCH_EVENTS:(step + 1) * BATCH_EVENTS]
            optimizer.zero_grad(set_to_none=True)
            loss_of_rows(rows if sets > 1 else rows[0]).backward()
            optimizer.step()
            schedule.step()
        module.eval()
        with torch.no_grad():
            loss = loss_of_rows(held_out.expand(sets, -1) if sets > 1 else held_out).item()
        print(f"epoch {epoch + 1}/{epochs}: held-out loss {loss:.5f}, "
              f"{time.monotonic() - start:.0f} s", flush=True)
