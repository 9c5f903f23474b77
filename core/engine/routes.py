"""How requests find what answers them: one function per request class."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

Answer = Callable[[Any], Awaitable[Any]]
"""Takes the request, returns its reply."""
Feed = Callable[[Any], AsyncGenerator[Any]]
"""Takes the request, yields its events."""
Answers = dict[type, Answer]
Feeds = dict[type, Feed]
