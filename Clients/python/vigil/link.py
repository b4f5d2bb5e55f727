"""What both clients agree on about a ZeroMQ connection."""

from __future__ import annotations

import math
import struct
from typing import Any, Sequence

import zmq

from .errors import CannotConnect, ConnectionLost, Unauthenticated, VigilError

#: Largest frame of a reply.
MAXIMUM_FRAME_BYTES = 1 << 31
# A peer that answers no ping for so long is gone; libzmq answers them, however busy the
# daemon is.
_HEARTBEAT_MILLISECONDS = 2000
_HEARTBEAT_TIMEOUT_MILLISECONDS = 6000
# TCP or the ZeroMQ handshake not done by then counts as no connection.
_CONNECT_MILLISECONDS = 3000

_LOSSES = zmq.EVENT_DISCONNECTED | zmq.EVENT_CONNECT_RETRIED | zmq.EVENT_CLOSED
_HANDSHAKE_FAILURES = (
    zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
)
_WATCHED = _LOSSES | _HANDSHAKE_FAILURES | zmq.EVENT_HANDSHAKE_SUCCEEDED


def endpoints(given: str | Sequence[str]) -> tuple[str, ...]:
    """The endpoints that a client was given, checked; first choice first."""
    found = (given,) if isinstance(given, str) else tuple(given)
    if not found:
        raise ValueError("endpoint: none given")
    for endpoint in found:
        if "://" not in endpoint:
            raise ValueError(f"endpoint: {endpoint!r} is not like tcp://host:5555")
    return found


def connect(context: Any, endpoint: str, capacity: int) -> tuple[Any, Any]:
    """A DEALER socket to the endpoint, and the socket that tells of its connection.

    Args:
        context: a zmq.Context or zmq.asyncio.Context; the sockets are of its kind.
        endpoint: where to.
        capacity: messages that may wait on either side of the socket.
    """
    socket, monitor = context.socket(zmq.DEALER), None
    try:
        socket.linger = 0
        socket.sndhwm = socket.rcvhwm = capacity
        socket.set(zmq.MAXMSGSIZE, MAXIMUM_FRAME_BYTES)
        socket.set(zmq.HEARTBEAT_IVL, _HEARTBEAT_MILLISECONDS)
        socket.set(zmq.HEARTBEAT_TIMEOUT, _HEARTBEAT_TIMEOUT_MILLISECONDS)
        socket.set(zmq.CONNECT_TIMEOUT, _CONNECT_MILLISECONDS)
        socket.set(zmq.HANDSHAKE_IVL, _CONNECT_MILLISECONDS)
        monitor = socket.get_monitor_socket(_WATCHED)
        monitor.linger = 0
        try:
            socket.connect(endpoint)
        except zmq.ZMQError as error:
            raise ValueError(f"endpoint: {endpoint!r}: {error}") from error
    except BaseException:
        disconnect(socket, monitor)
        raise
    return socket, monitor


def disconnect(socket: Any, monitor: Any = None) -> None:
    """Closes the sockets of `connect`; what was not sent yet is dropped."""
    socket.disable_monitor()
    if monitor is not None:
        monitor.close(0)
    socket.close(0)


def event_number(message: Sequence[bytes]) -> int:
    """The number of the event that a monitor message tells of."""
    number, _ = struct.unpack("=Hi", message[0])
    return int(number)


def ended(event: int, connected: bool, endpoint: str) -> VigilError | None:
    """What a monitor event means for requests on the socket; None for nothing.

    Args:
        event: number of the event.
        connected: whether a handshake has succeeded on this socket before.
        endpoint: for the error text.
    """
    if event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
        return Unauthenticated(f"{endpoint} refused the handshake")
    if event & _HANDSHAKE_FAILURES:
        return CannotConnect(f"{endpoint} does not answer as ZeroMQ")
    if event & _LOSSES:
        if connected:
            return ConnectionLost(f"{endpoint} closed the connection before it replied")
        return CannotConnect(f"no connection to {endpoint}")
    return None


def milliseconds(seconds: float) -> int:
    """For poll: rounded up, so that a wait never ends before its time."""
    return max(math.ceil(seconds * 1000), 0)
