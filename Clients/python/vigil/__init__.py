"""Client of vigild, the inference daemon for rare-event searches.

Example::

    import vigil

    with vigil.Client("tcp://localhost:5555") as client:
        scores = client.score("position-cnn", hits, coverage=0.9)
        scores.value, scores.lower, scores.upper
"""

from .aio import AsyncClient
from .answers import (
    FLAG_INFINITE,
    FLAG_NONFINITE,
    FLAG_UNBINNED,
    Output,
    Provenance,
    Region,
    Scores,
    Timing,
)
from .attributions import Attributions
from .client import Client
from .descriptions import (
    Axis,
    Bins,
    Calibrations,
    CalibrationState,
    CoverageStanding,
    DaemonStatus,
    ExplanationDescription,
    Model,
    RegionDescription,
    TensorDescription,
    Truths,
    UncertaintyDescription,
)
from .drift import (
    BinCounts,
    Comparison,
    Drift,
    MonitoredValue,
    Monitoring,
    Reference,
    Stream,
)
from .errors import (
    BadReply,
    CannotConnect,
    ConnectionLost,
    DeadlineExceeded,
    Forbidden,
    Internal,
    InvalidRequest,
    NoReply,
    NotFound,
    Overloaded,
    Unauthenticated,
    Unavailable,
    Unsupported,
    VigilError,
)
from .memory import keep_freed_memory

__all__ = [
    "AsyncClient",
    "Attributions",
    "Axis",
    "BadReply",
    "BinCounts",
    "Bins",
    "CalibrationState",
    "Calibrations",
    "CannotConnect",
    "Client",
    "Comparison",
    "ConnectionLost",
    "CoverageStanding",
    "DaemonStatus",
    "DeadlineExceeded",
    "Drift",
    "ExplanationDescription",
    "FLAG_INFINITE",
    "FLAG_NONFINITE",
    "FLAG_UNBINNED",
    "Forbidden",
    "Internal",
    "InvalidRequest",
    "Model",
    "MonitoredValue",
    "Monitoring",
    "NoReply",
    "NotFound",
    "Output",
    "Overloaded",
    "Provenance",
    "Reference",
    "Region",
    "RegionDescription",
    "Scores",
    "Stream",
    "TensorDescription",
    "Timing",
    "Truths",
    "Unauthenticated",
    "Unavailable",
    "UncertaintyDescription",
    "Unsupported",
    "VigilError",
    "keep_freed_memory",
]
