"""The answer to a score request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Sequence

import numpy as np

from .attributions import Attributions, attributions
from .descriptions import Bins, bins, optional
from .errors import BadReply
from .tensors import Array, read

#: Bits of `flags`.
FLAG_NONFINITE = 1
FLAG_INFINITE = 2
FLAG_UNBINNED = 4


@dataclass(frozen=True, eq=False)
class Output:
    """One output for every event.

    Attributes:
        name: name of the output.
        unit: unit of value, lower and upper; "1" for none.
        value: shape (events, ...).
        lower, upper: ends of the interval, shape (events, ...), or None.
        coverage: probability that the interval or set holds the truth, or None where the
            method has no such level.
        method: how the interval was made, or "raw".
        flags: uint8, shape (events,); bit 1: an input is not finite, no value (NaN);
            2: too few calibration events in the bin, the interval is infinite;
            4: the bin column is NaN, no interval, an empty set;
            8: an input is beyond what a fixed-point artefact holds, and was wrapped or saturated.
        set: uint8, shape (events, classes), 1 where a class is in the event's set, or None.
        classes: names of the classes, in the order of value and set.
        aleatoric, epistemic: what the members of an ensemble say is noise of the data and
            what training left open, or None. Shape (events,): of a number standard
            deviations in its unit, of classes mean entropy and mutual information, nats.
    """

    name: str
    unit: str
    value: Array
    lower: Array | None
    upper: Array | None
    coverage: float | None
    method: str
    flags: Array
    set: Array | None = None
    classes: tuple[str, ...] = ()
    aleatoric: Array | None = None
    epistemic: Array | None = None


@dataclass(frozen=True, eq=False)
class Region:
    """Two outputs together: ellipses around their values.

    Attributes:
        outputs: names of the outputs along the first and the second axis.
        unit: their unit.
        coverages: probabilities that an ellipse holds the truth.
        method: "ellipse".
        ellipses: shape (events, coverages, 3): longer and shorter semi-axis, and the angle
            from the first output's axis to the longer one towards the second's, rad.
        flags: uint8, shape (events,), as of an output; 2: a semi-axis is infinite.
    """

    outputs: tuple[str, ...]
    unit: str
    coverages: tuple[float, ...]
    method: str
    ellipses: Array
    flags: Array


@dataclass(frozen=True)
class Provenance:
    """Where a score comes from: what is needed to quote it in a paper.

    Attributes:
        model, version: which model.
        digest: "sha256:" and 64 hexadecimal digits, of the artefact that ran.
        engine, precision, device: what ran it, and how.
        calibration, calibration_date: calibration used, or None.
        bins: calibration events per bin.
        reproducible: whether a row's bits are the same whatever its micro-batch; only a model
            whose manifest lifts that promise answers False.
    """

    model: str
    version: str
    digest: str
    engine: str
    precision: str
    device: str
    calibration: str | None
    calibration_date: str | None
    bins: tuple[Bins, ...]
    reproducible: bool = True


@dataclass(frozen=True)
class Timing:
    """Time in the daemon.

    Attributes:
        queue_nanoseconds: from the read of the request to the start of its computation.
        compute_nanoseconds: computation.
        batch: events in the largest micro-batch that an event of this request shared.
    """

    queue_nanoseconds: int
    compute_nanoseconds: int
    batch: int


@dataclass(frozen=True, eq=False, repr=False)
class Scores:
    """Scores of events, in the order of the request.

    Every array is read-only and looks onto the reply's memory; copy what you change.
    `value`, `lower` and so on are those of the answer, which is the first output.

    Attributes:
        outputs: outputs by name, in the order of the reply. A raw output that bears the
            name of an answer beside it is found under "name:raw".
        regions: outputs that are answered together.
        p_values: conformal p-values by hypothesis (a class, or "normal"), each of shape
            (events,).
        log_likelihood_ratio: natural logarithm of p(score | class 1) / p(score | class 0),
            shape (events,), or None.
        provenance: where the scores come from.
        timing: time in the daemon.
        attributions: what made the scores, or None where it was not asked for.
    """

    outputs: dict[str, Output]
    regions: tuple[Region, ...]
    p_values: dict[str, Array]
    log_likelihood_ratio: Array | None
    provenance: Provenance
    timing: Timing
    attributions: Attributions | None
    _events: int

    def __len__(self) -> int:
        return self._events

    def __repr__(self) -> str:
        names = ", ".join(self.outputs)
        source = f"{self.provenance.model} {self.provenance.version}"
        return f"<Scores of {self._events} events by {source}: {names}>"

    @property
    def answer(self) -> Output:
        """The first output; LookupError when the reply carries none."""
        for output in self.outputs.values():
            return output
        raise LookupError("the reply carries no output")

    @property
    def value(self) -> Array:
        """Values of the answer, shape (events, ...)."""
        return self.answer.value

    @property
    def lower(self) -> Array | None:
        """Lower ends of the answer's intervals."""
        return self.answer.lower

    @property
    def upper(self) -> Array | None:
        """Upper ends of the answer's intervals."""
        return self.answer.upper

    @property
    def flags(self) -> Array:
        """Flags of the answer, uint8, shape (events,)."""
        return self.answer.flags

    @property
    def coverage(self) -> float | None:
        """Coverage of the answer's intervals."""
        return self.answer.coverage

    @property
    def method(self) -> str:
        """How the answer's intervals were made."""
        return self.answer.method

    @property
    def unit(self) -> str:
        """Unit of the answer."""
        return self.answer.unit

    @property
    def p_value(self) -> Array | dict[str, Array]:
        """The p-values when there is just one hypothesis, else `p_values`."""
        if len(self.p_values) == 1:
            return next(iter(self.p_values.values()))
        return self.p_values


def scores(message: Any, frames: Sequence[Any], events: int) -> Scores:
    """Scores from a ScoreReply and the frames it came with.

    Raises BadReply when a tensor is broken or is not about `events` events.
    """

    def tensor(holder: Any, name: str, field: str) -> Array | None:
        if not holder.HasField(name):
            return None
        field = f"{field}.{name}" if field else name
        array = read(getattr(holder, name), frames, field)
        if len(array) != events:
            raise BadReply(f"{len(array)} events where {events} were sent", field=field)
        return array

    def present(holder: Any, name: str, field: str) -> Array:
        array = tensor(holder, name, field)
        if array is None:
            raise BadReply("a tensor is absent", field=f"{field}.{name}")
        return array

    def flags_of(holder: Any, field: str) -> Array:
        flags = tensor(holder, "flags", field)
        return np.broadcast_to(np.uint8(0), (events,)) if flags is None else flags

    outputs: dict[str, Output] = {}
    for index, output in enumerate(message.outputs):
        field = f"outputs[{index}]"
        value = present(output, "value", field)
        flags = flags_of(output, field)
        # A raw output may bear the name of an answer beside it; the answer comes first.
        key = output.name if output.name not in outputs else f"{output.name}:{output.method}"
        outputs[key] = Output(
            name=output.name,
            unit=output.unit,
            value=value,
            lower=tensor(output, "lower", field),
            upper=tensor(output, "upper", field),
            coverage=optional(output, "coverage"),
            method=output.method,
            flags=flags,
            set=tensor(output, "set", field),
            classes=tuple(output.classes),
            aleatoric=tensor(output, "aleatoric", field),
            epistemic=tensor(output, "epistemic", field),
        )
    return Scores(
        outputs=outputs,
        regions=tuple(
            Region(
                outputs=tuple(region.outputs),
                unit=region.unit,
                coverages=tuple(region.coverages),
                method=region.method,
                ellipses=present(region, "ellipses", f"regions[{index}]"),
                flags=flags_of(region, f"regions[{index}]"),
            )
            for index, region in enumerate(message.regions)
        ),
        p_values={
            entry.name: present(entry, "value", f"p_values[{index}]")
            for index, entry in enumerate(message.p_values)
        },
        log_likelihood_ratio=tensor(message, "log_likelihood_ratio", ""),
        provenance=_provenance(message.provenance),
        timing=Timing(
            queue_nanoseconds=message.timing.queue_nanoseconds,
            compute_nanoseconds=message.timing.compute_nanoseconds,
            batch=message.timing.batch,
        ),
        attributions=(
            attributions(message.attributions, tensor) if message.HasField("attributions") else None
        ),
        _events=events,
    )


def _provenance(message: Any) -> Provenance:
    return Provenance(
        model=message.model,
        version=message.version,
        digest=message.digest,
        engine=message.engine,
        precision=message.precision,
        device=message.device,
        calibration=optional(message, "calibration"),
        calibration_date=optional(message, "calibration_date"),
        bins=tuple(map(bins, message.bins)),
        reproducible=message.reproducible if message.HasField("reproducible") else True,
    )
