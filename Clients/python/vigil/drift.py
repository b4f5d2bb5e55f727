"""How a daemon found its streams to compare with their references."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .descriptions import CoverageStanding, coverage_standing, optional


@dataclass(frozen=True)
class MonitoredValue:
    """A feature or output that is watched.

    Attributes:
        name, unit: which one.
        edges: interior edges of its bins, one fewer than bins, which begin at their edges.
    """

    name: str
    unit: str
    edges: tuple[float, ...]


@dataclass(frozen=True)
class BinCounts:
    """Events of one value.

    Attributes:
        events: of each bin.
        nonfinite: not finite, and so in no bin.
    """

    events: tuple[int, ...]
    nonfinite: int


@dataclass(frozen=True)
class Reference:
    """A sample that streams are held against.

    Attributes:
        kind: "simulation" or "data".
        date, data_digest, events: when it was made, and of what.
        counts: by the names of values.
    """

    kind: str
    date: str
    data_digest: str
    events: int
    counts: dict[str, BinCounts]


@dataclass(frozen=True)
class Drift:
    """One value of a stream against one reference.

    Attributes:
        distance: largest difference of the cumulative distributions in the last window.
        p_value: chance of what was found, were nothing shifted.
        q_value: the same as a false discovery rate over the values of the window. The three are
            None where no event of the window is finite.
        alarm: whether it is both significant and large.
        alarms: windows that alarmed.
        log_capital, largest_log_capital: of the exchangeability martingale.
        martingale_alarm: whether its capital ever was so large that it alarms.
    """

    distance: float | None
    p_value: float | None
    q_value: float | None
    alarm: bool
    alarms: int
    log_capital: float
    largest_log_capital: float
    martingale_alarm: bool


@dataclass(frozen=True)
class Comparison:
    """A stream against one reference.

    Attributes:
        alarm: whether some value of the last window alarmed.
        alarms: windows in which one did.
        values: by name.
    """

    alarm: bool
    alarms: int
    values: dict[str, Drift]


@dataclass(frozen=True)
class Stream:
    """A data stream.

    Attributes:
        events: events counted.
        windows: windows judged.
        skipped: windows that came faster than they could be judged.
        counts: the last window by the names of values; empty before the first.
        comparisons: by the kinds of references.
    """

    events: int
    windows: int
    skipped: int
    counts: dict[str, BinCounts]
    comparisons: dict[str, Comparison]


@dataclass(frozen=True)
class Monitoring:
    """How the events of one model version compare with its references.

    Attributes:
        model, version: which one.
        reason: why nothing is watched, or None.
        window_events: events of a window.
        rate, distance: a value alarms at a false discovery rate of at most `rate` and a distance
            of at least `distance`.
        chance: a martingale alarms when its capital reaches 1 / chance.
        values: by name.
        references: by kind.
        streams: by name; "none" holds events that name none, "others" those of streams past the
            capacity.
        calibration: id of the calibration in use, or None.
        coverage: how its coverage stands, bin by bin; empty while no truths came.
    """

    model: str
    version: str
    reason: str | None
    window_events: int
    rate: float
    distance: float
    chance: float
    values: dict[str, MonitoredValue]
    references: dict[str, Reference]
    streams: dict[str, Stream]
    calibration: str | None
    coverage: tuple[CoverageStanding, ...]


def monitoring(message: Any) -> Monitoring:
    """From a ModelMonitoring."""
    names = [entry.name for entry in message.values]
    kinds = [entry.kind for entry in message.references]
    return Monitoring(
        model=message.model,
        version=message.version,
        reason=optional(message, "reason"),
        window_events=message.window_events,
        rate=message.rate,
        distance=message.distance,
        chance=message.chance,
        values={
            entry.name: MonitoredValue(entry.name, entry.unit, tuple(entry.edges))
            for entry in message.values
        },
        references=dict(zip(kinds, (_reference(r, names) for r in message.references))),
        streams={entry.name: _stream(entry, names) for entry in message.streams},
        calibration=optional(message, "calibration"),
        coverage=tuple(map(coverage_standing, message.coverage)),
    )


def _reference(message: Any, names: list[str]) -> Reference:
    return Reference(
        kind=message.kind,
        date=message.date,
        data_digest=message.data_digest,
        events=message.events,
        counts=_counts(message.counts, names),
    )


def _stream(message: Any, names: list[str]) -> Stream:
    return Stream(
        events=message.events,
        windows=message.windows,
        skipped=message.skipped,
        counts=_counts(message.counts, names),
        comparisons={
            entry.reference: Comparison(
                alarm=entry.alarm,
                alarms=entry.alarms,
                values=dict(zip(names, map(_drift, entry.values))),
            )
            for entry in message.comparisons
        },
    )


def _counts(messages: Any, names: list[str]) -> dict[str, BinCounts]:
    return dict(zip(names, (BinCounts(tuple(m.events), m.nonfinite) for m in messages)))


def _drift(message: Any) -> Drift:
    return Drift(
        distance=optional(message, "distance"),
        p_value=optional(message, "p_value"),
        q_value=optional(message, "q_value"),
        alarm=message.alarm,
        alarms=message.alarms,
        log_capital=message.log_capital,
        largest_log_capital=message.largest_log_capital,
        martingale_alarm=message.martingale_alarm,
    )
