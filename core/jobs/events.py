"""Events to whoever watches: subscriptions that a slow reader cannot make grow.

In: events, published on the engine's loop. Out: async streams. Transitions are never dropped;
of progress only the newest per job is kept for a reader that lags.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Hashable
from typing import Self

from core.errors import EngineUnreachableError

_MAX_PENDING = 20_000
"""A reader this far behind is dead or stuck: it is cut off rather than fed from memory."""


class Subscription[E]:
    """The events that one reader has not taken yet, oldest first."""

    def __init__(self, hub: "EventHub[E]", wants: Callable[[E], bool]) -> None:
        self._hub = hub
        self.wants = wants
        self._pending: OrderedDict[Hashable, E] = OrderedDict()
        self._unique = 0
        self._ready = asyncio.Event()
        self._closed = False

    def put(self, event: E, key: Hashable | None) -> None:
        """Add an event; one with a key replaces the pending one of the same key."""
        if key is None:
            self._unique += 1
            key = ("unique", self._unique)
        else:
            self._pending.pop(key, None)
        self._pending[key] = event
        if len(self._pending) > _MAX_PENDING:
            self.close()
        self._ready.set()

    def close(self) -> None:
        """End the stream."""
        self._closed = True
        self._hub.drop(self)
        self._ready.set()

    def __aiter__(self) -> AsyncIterator[E]:
        """Iterate over the events, waiting for more."""
        return self

    async def __anext__(self) -> E:
        """Return the next event."""
        while not self._pending:
            if self._closed:
                raise StopAsyncIteration
            self._ready.clear()
            await self._ready.wait()
        if len(self._pending) > _MAX_PENDING:
            raise EngineUnreachableError("The watch fell too far behind.", hint="Watch again.")
        return self._pending.popitem(last=False)[1]

    def __enter__(self) -> Self:
        """Return itself: the subscription is open already."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close."""
        self.close()


class EventHub[E]:
    """Hands each event to every subscription that wants it."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription[E]] = set()

    def subscribe(self, wants: Callable[[E], bool] = lambda event: True) -> Subscription[E]:
        """Return a new subscription; nothing published from now on is missed."""
        subscription = Subscription(self, wants)
        self._subscriptions.add(subscription)
        return subscription

    def drop(self, subscription: Subscription[E]) -> None:
        """Forget a subscription."""
        self._subscriptions.discard(subscription)

    def publish(self, event: E, *, key: Hashable | None = None) -> None:
        """Give an event to all who want it; `key` marks one that a newer one may replace."""
        for subscription in list(self._subscriptions):
            if subscription.wants(event):
                subscription.put(event, key)

    def close(self) -> None:
        """End all streams."""
        for subscription in list(self._subscriptions):
            subscription.close()

    def __len__(self) -> int:
        """Return how many watch."""
        return len(self._subscriptions)
