"""A server for the tests of a module, and empty workspaces on it."""

import itertools

import pytest
from desk import Desk

from invoice_lab.warehouse.connection import database


@pytest.fixture(scope="module")
def server(module_settings):
    """Settings of a server that runs for all tests of a module."""
    with database(module_settings):
        yield module_settings


@pytest.fixture(scope="module")
def numbers():
    return itertools.count()


@pytest.fixture
def desk(server, tmp_path, numbers):
    """An empty workspace."""
    return Desk(server, tmp_path, f"rows_{next(numbers)}")
