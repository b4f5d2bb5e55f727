"""What made each score: the attributions of a score reply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

from .descriptions import optional
from .errors import BadReply
from .tensors import Array


@dataclass(frozen=True, eq=False)
class Attributions:
    """Shares of the features in the score of every event.

    For every method but occlusion, base and shares add up to the score but for the residual.
    Every array is float64 and read-only; an event with an input that is not finite has NaN.

    Attributes:
        output: the raw output explained.
        unit: unit of value, error, score, base and residual; "1" for none.
        method: "tree-path", "tree-interventional", "exact-shapley", "permutation-shapley",
            "occlusion", "gradient-input", "integrated-gradients" or "pulls".
        features: names of the features, or groups of them, along the second axis of value.
        value: shape (events, features).
        error: standard errors, as value, or None where nothing is sampled.
        score: the output explained, shape (events,).
        base: the output with no feature known, shape (events,); None for occlusion.
        residual: |score - base - sum of shares|, shape (events,), or None with base.
        evaluations: times that the model ran for one event.
        background, gradient: "sha256:" and 64 hexadecimal digits of the background's file and of
            the gradient graph, or None.
    """

    output: str
    unit: str
    method: str
    features: tuple[str, ...]
    value: Array
    error: Array | None
    score: Array
    base: Array | None
    residual: Array | None
    evaluations: int
    background: str | None
    gradient: str | None


def attributions(message: Any, tensor: Callable[[Any, str, str], Array | None]) -> Attributions:
    """From an Attributions message.

    Args:
        message: the wire message.
        tensor: reads a tensor that has one row an event: of a message, by name, with the place of
            the message for error texts; None where it is absent.

    Raises BadReply when a tensor does not have the shape that it must have.
    """
    place = "attributions"

    def array(name: str, shape: tuple[int, ...]) -> Array | None:
        """The tensor, whose shape after the events is `shape`."""
        found = tensor(message, name, place)
        if found is not None and found.shape[1:] != shape:
            raise BadReply(
                f"{list(found.shape)} is not events and {list(shape)}", field=f"{place}.{name}"
            )
        return found

    def present(name: str, shape: tuple[int, ...]) -> Array:
        found = array(name, shape)
        if found is None:
            raise BadReply("a tensor is absent", field=f"{place}.{name}")
        return found

    features = tuple(message.features)
    return Attributions(
        output=message.output,
        unit=message.unit,
        method=message.method,
        features=features,
        value=present("value", (len(features),)),
        error=array("error", (len(features),)),
        score=present("score", ()),
        base=array("base_value", ()),
        residual=array("residual", ()),
        evaluations=message.evaluations,
        background=optional(message, "background"),
        gradient=optional(message, "gradient"),
    )
