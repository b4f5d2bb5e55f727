"""What a daemon says of itself and of its models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .tensors import type_name


@dataclass(frozen=True)
class DaemonStatus:
    """What the daemon is and how it fares; counts are since its start.

    Attributes:
        version: version of the daemon.
        ready: whether requests are welcome.
        reasons: why not.
        degraded: what answers by other means than it should; requests are welcome all the same.
        uptime: seconds since the start.
        endpoints: endpoints that listen.
        requests: score requests read.
        refusals: score requests refused.
        events: events scored.
        in_flight: requests admitted and not answered yet.
    """

    version: str
    ready: bool
    reasons: tuple[str, ...]
    degraded: tuple[str, ...]
    uptime: float
    endpoints: tuple[str, ...]
    requests: int
    refusals: int
    events: int
    in_flight: int


@dataclass(frozen=True)
class TensorDescription:
    """An input or output of a model.

    Attributes:
        name: name on the wire.
        dtype: element type as numpy names it.
        shape: of one event; a ragged input's starts with its longest event.
        unit: unit, "1" for none.
        meaning: one sentence.
        features: names of the components of a one-dimensional input.
        ragged_maximum: 0 when not ragged, else the most rows that one event may have.
        nonfinite: "refuse", "flag" or "missing"; empty for outputs.
        type: element type as the protocol numbers it.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    unit: str
    meaning: str
    features: tuple[str, ...]
    ragged_maximum: int
    nonfinite: str
    type: int


@dataclass(frozen=True)
class Axis:
    """A column that calibration bins cut, and where.

    Attributes:
        source: "input", "output" or "request".
        name: tensor or column.
        feature: component of a one-dimensional input, or empty.
        edges: interior edges, one fewer than bins.
    """

    source: str
    name: str
    feature: str
    edges: tuple[float, ...]


@dataclass(frozen=True)
class Bins:
    """Calibration events of each bin of one output.

    Attributes:
        output: output (and class, for p-values) that the bins belong to.
        events: calibration events of each bin; the bins of the last axis are neighbours.
        axes: columns that the bins cut, at most two; empty for one bin.
        effective_events: of weighted intervals, how many events of one weight say as much as
            those of each bin; else empty.
    """

    output: str
    events: tuple[int, ...]
    axes: tuple[Axis, ...]
    effective_events: tuple[float, ...] = ()


@dataclass(frozen=True)
class UncertaintyDescription:
    """How one output's uncertainty is made.

    Attributes:
        output: output that it belongs to.
        method: as "cqr", "venn-abers", "aps", "p-value".
        side: ends of an interval, "both", "upper" or "lower"; empty where there is none.
        bins: columns that the bins cut, at most two; empty for one bin.
        lower, upper, sigma: raw outputs that the method needs.
        truth: column of labelled data that holds the truth.
        classes: class names, each with the truth values that mean it.
        penalty, free_ranks: of "raps", what each rank past the free ones adds to a score (None
            for other methods), and how many are free.
        weight: column that weighs events, and the bins of its histograms; without edges the
            column of the request is the weight. None: all events weigh the same.
    """

    output: str
    method: str
    side: str
    bins: tuple[Axis, ...]
    lower: str
    upper: str
    sigma: str
    truth: str
    classes: dict[str, tuple[float, ...]]
    penalty: float | None
    free_ranks: int
    weight: Axis | None


@dataclass(frozen=True)
class RegionDescription:
    """Two outputs that are answered together.

    Attributes:
        outputs: names of the outputs along the first and the second axis.
        coverages: probabilities that an ellipse holds the truth.
    """

    outputs: tuple[str, ...]
    coverages: tuple[float, ...]


@dataclass(frozen=True)
class ExplanationDescription:
    """How scores of a model are explained on request, and what that takes.

    Attributes:
        output: the raw output explained.
        method: as of `Attributions`.
        features: names of the features, or groups of them, that have a share.
        background, gradient: "sha256:" and 64 hexadecimal digits of the background's file and of
            the gradient graph, or None.
        background_rows: events of the background, 0 without one.
        evaluations: times that the model runs for one event.
        nanoseconds: what one event takes, estimated.
        limit_nanoseconds: the most that one request may take by that estimate.
        reason: why nothing is explained, or None.
    """

    output: str
    method: str
    features: tuple[str, ...]
    background: str | None
    background_rows: int
    gradient: str | None
    evaluations: int
    nanoseconds: int
    limit_nanoseconds: int
    reason: str | None


@dataclass(frozen=True)
class Truths:
    """What became of true values.

    Attributes:
        taken: events whose truths were taken: all that were sent.
        calibration: id of the calibration in use afterwards.
    """

    taken: int
    calibration: str


@dataclass(frozen=True)
class CalibrationState:
    """A calibration of a model that takes truths.

    Attributes:
        id, date: as scores quote them.
        parent: id of the calibration that it was learned from, or None.
        truths: truths learned since the calibration that nothing was learned for.
        events: calibration events.
        in_use: whether scores are calibrated by it now.
    """

    id: str
    date: str
    parent: str | None
    truths: int
    events: int
    in_use: bool


@dataclass(frozen=True)
class CoverageStanding:
    """How often answers held the truth in one bin, since the calibration came into use.

    Attributes:
        output, stream, bin: which; the output with its class where it has some.
        coverage: promised.
        events, covered: truths that came, and those that the answer held.
        low, high: band of the share by the coverage law, or None where it does not hold.
        standing: "holds", "under", "over", "unknown" (too few truths) or "adapted".
    """

    output: str
    stream: str
    bin: str
    coverage: float
    events: int
    covered: int
    low: float | None
    high: float | None
    standing: str


@dataclass(frozen=True)
class Calibrations:
    """The calibrations of a model that takes truths, oldest first, and how coverage stands.

    Attributes:
        problem: why the last calibration could not be kept, or None.
    """

    model: str
    version: str
    calibrations: tuple[CalibrationState, ...]
    coverage: tuple[CoverageStanding, ...]
    problem: str | None


@dataclass(frozen=True)
class Model:
    """One version of one model.

    Attributes:
        name, version, digest, task: which model, and what it is for.
        engine, engine_version, precision, device, device_class: what runs it.
        state: "serving", "loading" or "failed".
        reasons: why it does not serve, or why a newer version does not.
        inputs, outputs: tensors of the artefact.
        uncertainty: how the answer's intervals and p-values are made.
        calibration, calibration_date: calibration in use, or None.
        calibration_reason: why calibrated answers are refused, or None.
        coverage: coverage of intervals when a request names none, or None.
        regions: outputs that are answered together.
        bins: calibration events per bin.
        folder: folder of the version as the daemon sees it.
        ladder: measured micro-batch shapes: rows and nanoseconds of one run.
        evaluation: how the engine evaluates the artefact, where it has several ways.
        required: whether the daemon is ready only while this model serves.
        description: what the model is, in a sentence.
        monitored: inputs, features and outputs whose distribution is watched.
        explanation: how scores are explained on request, or None where they are not.
    """

    name: str
    version: str
    digest: str
    task: str
    engine: str
    engine_version: str
    precision: str
    device: str
    device_class: str
    state: str
    reasons: tuple[str, ...]
    inputs: tuple[TensorDescription, ...]
    outputs: tuple[TensorDescription, ...]
    uncertainty: tuple[UncertaintyDescription, ...]
    calibration: str | None
    calibration_date: str | None
    calibration_reason: str | None
    coverage: float | None
    regions: tuple[RegionDescription, ...]
    bins: tuple[Bins, ...]
    folder: str
    ladder: tuple[tuple[int, int], ...]
    evaluation: str
    required: bool
    description: str
    monitored: tuple[str, ...]
    explanation: ExplanationDescription | None


def optional(message: Any, field: str) -> Any:
    """The field's value, or None when it is absent."""
    return getattr(message, field) if message.HasField(field) else None


def truths(message: Any) -> Truths:
    """From a TruthReply."""
    return Truths(taken=message.taken, calibration=message.calibration)


def calibrations(message: Any) -> Calibrations:
    """From a CalibrationsReply."""
    return Calibrations(
        model=message.model,
        version=message.version,
        calibrations=tuple(
            CalibrationState(
                id=entry.id,
                date=entry.date,
                parent=optional(entry, "parent"),
                truths=entry.truths,
                events=entry.events,
                in_use=entry.in_use,
            )
            for entry in message.calibrations
        ),
        coverage=tuple(map(coverage_standing, message.coverage)),
        problem=optional(message, "problem"),
    )


def coverage_standing(message: Any) -> CoverageStanding:
    """From a CoverageStanding."""
    return CoverageStanding(
        output=message.output,
        stream=message.stream,
        bin=message.bin,
        coverage=message.coverage,
        events=message.events,
        covered=message.covered,
        low=optional(message, "low"),
        high=optional(message, "high"),
        standing=message.standing,
    )


def daemon_status(message: Any) -> DaemonStatus:
    """From a StatusReply."""
    return DaemonStatus(
        version=message.version,
        ready=message.ready,
        reasons=tuple(message.reasons),
        degraded=tuple(message.degraded),
        uptime=message.uptime_microseconds / 1e6,
        endpoints=tuple(message.endpoints),
        requests=message.requests,
        refusals=message.refusals,
        events=message.events,
        in_flight=message.in_flight,
    )


def model(message: Any) -> Model:
    """From a ModelDescription."""
    return Model(
        name=message.name,
        version=message.version,
        digest=message.digest,
        task=message.task,
        engine=message.engine,
        engine_version=message.engine_version,
        precision=message.precision,
        device=message.device,
        device_class=message.device_class,
        state=message.state,
        reasons=tuple(message.reasons),
        inputs=tuple(map(_tensor, message.inputs)),
        outputs=tuple(map(_tensor, message.outputs)),
        uncertainty=tuple(map(_uncertainty, message.uncertainty)),
        calibration=optional(message, "calibration"),
        calibration_date=optional(message, "calibration_date"),
        calibration_reason=optional(message, "calibration_reason"),
        coverage=optional(message, "coverage"),
        regions=tuple(
            RegionDescription(tuple(region.outputs), tuple(region.coverages))
            for region in message.regions
        ),
        bins=tuple(map(bins, message.bins)),
        folder=message.folder,
        ladder=tuple(zip(message.ladder_rows, message.ladder_nanoseconds, strict=False)),
        evaluation=message.evaluation,
        required=message.required,
        description=message.description,
        monitored=tuple(message.monitored),
        explanation=(
            _explanation(message.explanation) if message.HasField("explanation") else None
        ),
    )


def _explanation(message: Any) -> ExplanationDescription:
    return ExplanationDescription(
        output=message.output,
        method=message.method,
        features=tuple(message.features),
        background=optional(message, "background"),
        background_rows=message.background_rows,
        gradient=optional(message, "gradient"),
        evaluations=message.evaluations,
        nanoseconds=message.nanoseconds,
        limit_nanoseconds=message.limit_nanoseconds,
        reason=optional(message, "reason"),
    )


def bins(message: Any) -> Bins:
    """From a BinEvents."""
    return Bins(
        output=message.output,
        events=tuple(message.events),
        axes=tuple(map(_axis, message.axes)),
        effective_events=tuple(message.effective_events),
    )


def _axis(message: Any) -> Axis:
    return Axis(
        source=message.source,
        name=message.name,
        feature=message.feature,
        edges=tuple(message.edges),
    )


def _tensor(message: Any) -> TensorDescription:
    return TensorDescription(
        name=message.name,
        dtype=type_name(message.type),
        shape=tuple(message.shape),
        unit=message.unit,
        meaning=message.meaning,
        features=tuple(message.features),
        ragged_maximum=message.ragged_maximum,
        nonfinite=message.nonfinite,
        type=message.type,
    )


def _uncertainty(message: Any) -> UncertaintyDescription:
    return UncertaintyDescription(
        output=message.output,
        method=message.method,
        side=message.side,
        bins=tuple(map(_axis, message.bins)),
        lower=message.lower,
        upper=message.upper,
        sigma=message.sigma,
        truth=message.truth,
        classes={entry.name: tuple(entry.labels) for entry in message.classes},
        penalty=optional(message, "penalty"),
        free_ranks=message.free_ranks,
        weight=_axis(message.weight) if message.HasField("weight") else None,
    )
