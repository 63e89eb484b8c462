"""A front for each test, on both databases."""

from collections.abc import AsyncIterator

import pytest

from leads.stores.shared import Sessions
from tests.dialer.access.front import Front, open_front


@pytest.fixture
async def front(sessions: Sessions) -> AsyncIterator[Front]:
    """The HTTP face without an engine."""
    async with open_front(sessions) as opened:
        yield opened
