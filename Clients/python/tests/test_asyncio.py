"""The asyncio client."""

from __future__ import annotations

import asyncio
from itertools import cycle

import numpy as np
import pytest
from fake import LARGE, PATIENCE, SMALL, FakeServer, Killed, ok, refusal, sums
from malformed import MALFORMED

import vigil
from vigil.wire import wire


# asyncio


def run(coroutine):
    """Runs to the end, within the patience of a test."""
    return asyncio.run(asyncio.wait_for(coroutine, PATIENCE))


def test_many_in_flight_are_matched_whatever_the_order():
    held = []

    def reversed_in_eights(request, frames):
        held.append(sums(request, frames))
        if len(held) < 8:
            return None
        replies = tuple(reversed(held))
        held.clear()
        return replies

    async def scenario():
        async with vigil.AsyncClient(server.endpoint) as client:
            return await asyncio.gather(*(client.score("m", values) for values in batches))

    batches = [(SMALL if k % 2 else LARGE) + np.float32(k) for k in range(64)]
    with FakeServer(reversed_in_eights) as server:
        found = run(scenario())
    for scores, values in zip(found, batches, strict=True):
        np.testing.assert_array_equal(scores.value, values.sum(axis=1))


def test_in_flight_is_bounded():
    async def scenario():
        async with vigil.AsyncClient(server.endpoint, max_in_flight=2) as client:
            await client.score("m", SMALL)
            server.handler = lambda *_: None
            calls = [asyncio.ensure_future(client.score("m", SMALL, deadline=9)) for _ in range(2)]
            while server.seen.qsize() < 3:
                await asyncio.sleep(0)
            with pytest.raises(vigil.NoReply, match="2 requests were in flight"):
                await client.score("m", SMALL, deadline=0.1)
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
            server.handler = sums
            assert len(await client.score("m", SMALL)) == 2

    with FakeServer(sums) as server:
        run(scenario())


def test_async_refusals_retries_and_control_requests():
    def handler(request, frames):
        if request.HasField("score"):
            return next(turns)(request, frames)
        reply = ok(request)
        if request.HasField("status"):
            reply.daemon.ready = True
        else:
            reply.reload.SetInParent()
        return [reply.SerializeToString()]

    async def scenario():
        async with vigil.AsyncClient([server.endpoint, server.endpoint]) as client:
            assert len(await client.score("m", SMALL)) == 2
            assert (await client.status()).ready
            assert await client.reload() == []
            assert [model.name for model in await client.models()] == ["m"]
            with pytest.raises(vigil.NotFound):
                await client.score("q", SMALL)
            with pytest.raises(ValueError):
                await client.score("m", SMALL.astype("c8"))

    turns = cycle([lambda request, _: refusal(request, wire.OVERLOADED), sums])
    with FakeServer(handler) as server:
        run(scenario())


def test_async_deadline_and_late_reply():
    late = []

    def one_behind(request, frames):
        late.append(sums(request, frames))
        return None if len(late) == 1 else tuple(late)

    async def scenario():
        async with vigil.AsyncClient(server.endpoint) as client:
            with pytest.raises(vigil.NoReply):
                await client.score("m", SMALL, deadline=0.2)
            return await client.score("m", SMALL + 1)

    with FakeServer(one_behind) as server:
        np.testing.assert_array_equal(run(scenario()).value, (SMALL + 1).sum(axis=1))


def test_async_loss_moves_every_request_in_flight_to_the_next_endpoint():
    count = [0]

    def die_at_last(request, _):
        count[0] += 1
        if count[0] == 16:
            raise Killed

    async def scenario():
        async with vigil.AsyncClient([mortal.endpoint, server.endpoint]) as client:
            return await asyncio.gather(*(client.score("m", SMALL + k) for k in range(16)))

    with FakeServer(die_at_last) as mortal, FakeServer(sums) as server:
        found = run(scenario())
    for k, scores in enumerate(found):
        np.testing.assert_array_equal(scores.value, (SMALL + k).sum(axis=1))


def test_async_nobody_listening():
    async def scenario():
        async with vigil.AsyncClient(gone.endpoint, timeout=0.3) as client:
            with pytest.raises(vigil.CannotConnect):
                await client.status()

    with FakeServer(sums) as gone:
        pass
    run(scenario())


@pytest.mark.parametrize("name", MALFORMED)
def test_async_replies_that_break_the_protocol(name):
    handler, words = MALFORMED[name]

    async def scenario():
        async with vigil.AsyncClient(server.endpoint) as client:
            with pytest.raises(vigil.BadReply, match=words):
                await client.score("m", LARGE)
            server.handler = sums
            assert len(await client.score("m", LARGE)) == 1000

    with FakeServer(handler) as server:
        run(scenario())


def test_async_cancelling_one_leaves_the_others():
    held = []

    def when_both_are_here(request, frames):
        held.append(sums(request, frames))
        return tuple(held) if len(held) == 2 else None

    async def scenario():
        async with vigil.AsyncClient(server.endpoint) as client:
            first = asyncio.ensure_future(client.score("m", SMALL))
            while not held:
                await asyncio.sleep(0)
            first.cancel()
            scores = await client.score("m", SMALL + 1)
            assert first.cancelled()
            return scores

    with FakeServer(when_both_are_here) as server:
        np.testing.assert_array_equal(run(scenario()).value, (SMALL + 1).sum(axis=1))


def test_async_close_fails_what_is_in_flight_and_leaves_no_task():
    async def scenario():
        client = vigil.AsyncClient([server.endpoint, server.endpoint])
        call = asyncio.ensure_future(client.score("m", SMALL))
        while server.seen.empty():
            await asyncio.sleep(0)
        await client.close()
        with pytest.raises(RuntimeError, match="closed"):
            await call
        assert asyncio.all_tasks() == {asyncio.current_task()}
        await client.close()

    with FakeServer(lambda *_: None) as server:
        # Without wait_for: its task would be one more.
        asyncio.run(scenario())


def test_async_client_keeps_to_its_loop():
    async def ask():
        return await client.score("m", SMALL)

    with FakeServer(sums) as server:
        client = vigil.AsyncClient(server.endpoint)

        async def first():
            await ask()
            await client.close()

        run(first())
        with pytest.raises(RuntimeError, match="one event loop"):
            run(ask())
