"""What the networks share: training loop and export."""

from collections.abc import Callable

import numpy as np
import onnx
import torch

BATCH = 1024
OPSET = 18


def log10(x: torch.Tensor) -> torch.Tensor:
    """log10 of a column (events, 1) whose bits do not depend on the event's place.

    ONNX Runtime takes logarithms in blocks of 16 numbers and the rest of a tensor one by one,
    by another routine: with 16 columns there never is a rest.
    """
    return torch.log10(x.expand(-1, 16) + torch.zeros(16))[:, :1]


def row_sum(x: torch.Tensor) -> torch.Tensor:
    """Sum of each row, (events, 1), by a matrix product: its order of additions is the same
    for every row, which that of ONNX Runtime's own sum is not."""
    return torch.matmul(x, torch.ones(int(x.shape[1]), 16))[:, :1]


def fit(
    network: torch.nn.Module,
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    inputs: np.ndarray,
    targets: np.ndarray,
    epochs: int,
    seed: int,
    rate: float = 2e-3,
) -> None:
    """Adam with a cosine schedule over shuffled batches; one thread, repeatable."""
    torch.manual_seed(seed)
    x, y = torch.from_numpy(inputs), torch.from_numpy(targets)
    steps = epochs * (len(x) // BATCH)
    optimiser = torch.optim.Adam(network.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate * 2, total_steps=steps)
    network.train()
    for epoch in range(epochs):
        total = 0.0
        order = torch.randperm(len(x))
        for start in range(0, len(x) - BATCH + 1, BATCH):
            rows = order[start : start + BATCH]
            value = loss(network(x[rows]), y[rows])
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            schedule.step()
            total += value.item()
        print(f"epoch {epoch + 1}: {total / (len(x) // BATCH):.5f}", flush=True)
    network.eval()


def export(
    network: torch.nn.Module, path: str, name: str, width: int, outputs: list[str]
) -> None:
    """Writes an ONNX file with a free batch axis; `width` is the length of the input."""
    example = torch.rand(16, width) * 10 + 1
    network.eval()
    torch.onnx.export(
        network, (example,), path, input_names=[name], output_names=outputs,
        dynamic_axes={label: {0: "batch"} for label in [name, *outputs]},
        opset_version=OPSET, dynamo=False,
    )
    model = onnx.load(path)
    del model.metadata_props[:]
    model.producer_version = ""
    onnx.save(model, path)
