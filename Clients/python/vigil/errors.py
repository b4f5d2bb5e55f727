"""What can go wrong, one class a reason.

Every error of this package is a `VigilError`. Errors that the daemon answers with have one
class a protocol code; `NoReply`, `ConnectionLost` and `BadReply` arise in the client.
Arguments that cannot be sent at all are ValueError or TypeError, as usual in Python.
"""

from __future__ import annotations

from typing import Any, ClassVar, Sequence

from .wire import wire


class VigilError(Exception):
    """A request that got no answer.

    Attributes:
        code: protocol code as "OVERLOADED", or None when the client itself gave up.
        message: what was found and what is allowed.
        field: the field at fault, as "inputs[0].shape", or None.
        row: the first event at fault, or None.
        retry_after: seconds after which the same request may be sent again, or None.
        near: names near the one that was not found.
        attempts: how often the request was sent before the client gave up.
    """

    code: ClassVar[str | None] = None

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        row: int | None = None,
        retry_after: float | None = None,
        near: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.row = row
        self.retry_after = retry_after
        self.near = tuple(near)
        self.attempts = 0

    def __str__(self) -> str:
        text = f"{self.code}: {self.message}" if self.code else self.message
        if self.field:
            text += f" (field {self.field})"
        if self.row is not None:
            text += f" (row {self.row})"
        if self.near:
            text += f"; near: {', '.join(self.near)}"
        return text


class InvalidRequest(VigilError):
    """The request contradicts the protocol or the model's signature."""

    code = "INVALID"


class NotFound(VigilError):
    """No such model, version or output; `near` lists names like it."""

    code = "NOT_FOUND"


class Overloaded(VigilError):
    """The daemon has no room now. Retried by the client."""

    code = "OVERLOADED"


class DeadlineExceeded(VigilError):
    """The answer would come too late."""

    code = "DEADLINE_EXCEEDED"


class Unavailable(VigilError):
    """The model or daemon does not serve now. Retried by the client."""

    code = "UNAVAILABLE"


class Unauthenticated(VigilError):
    """The daemon does not know who asks."""

    code = "UNAUTHENTICATED"


class Forbidden(VigilError):
    """The daemon knows who asks, and the answer is no."""

    code = "FORBIDDEN"


class Unsupported(VigilError):
    """The daemon or the model cannot do this."""

    code = "UNSUPPORTED"


class Internal(VigilError):
    """The daemon failed."""

    code = "INTERNAL"


class NoReply(DeadlineExceeded):
    """No reply came in time: the client's own side of the deadline.

    A DeadlineExceeded, so that one `except` catches a deadline whoever noticed it first.
    """


class ConnectionLost(VigilError):
    """The daemon went away after the request was sent. Retried: scoring is idempotent."""


class CannotConnect(ConnectionLost):
    """There was no connection, so nothing was sent. Retried until the deadline."""


class BadReply(VigilError):
    """The reply breaks the protocol; `field` says where."""


_BY_CODE: dict[int, type[VigilError]] = {
    wire.Code.Value(kind.code): kind
    for kind in (
        InvalidRequest,
        NotFound,
        Overloaded,
        DeadlineExceeded,
        Unavailable,
        Unauthenticated,
        Forbidden,
        Unsupported,
        Internal,
    )
}


def refusal(status: Any) -> VigilError:
    """The error that a Status message with a code other than OK stands for."""
    return _BY_CODE[status.code](
        status.message,
        field=status.field or None,
        row=status.row if status.HasField("row") else None,
        retry_after=(
            status.retry_after_microseconds / 1e6
            if status.HasField("retry_after_microseconds")
            else None
        ),
        near=status.near,
    )
