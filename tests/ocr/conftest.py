"""Fixtures of the tests of reading."""

from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(scope="session", autouse=True)
def one_core() -> Iterator[None]:
    """Keep linear algebra to one core, as the workers do: on a busy machine its threads wait for each other."""
    with threadpool_limits(1):
        yield
