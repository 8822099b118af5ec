"""The cache's files: versions, the pointer, and what a broken one says."""

import duckdb
import pytest
from cache_data import cache_from_truth, small_truth

from invoice_lab.errors import CacheError
from invoice_lab.warehouse.cache import POINTER, open_cache, publish


def test_a_missing_cache_says_what_to_do(settings):
    with pytest.raises(CacheError, match="invoice-lab refresh"):
        open_cache("sample", settings)


def test_it_is_open_for_reading_alone(settings):
    cache_from_truth(small_truth(), settings)
    with open_cache("sample", settings) as cache, pytest.raises(duckdb.Error, match="read-only"):
        cache.connection.execute("delete from invoices")


def test_it_says_what_it_holds(settings):
    cache_from_truth(small_truth(), settings)
    with open_cache("sample", settings) as cache:
        assert cache.meta.counts["invoices"] == 60
        assert cache.meta.sample
        assert "60 invoices" in repr(cache)


def test_old_versions_go_but_the_last(settings):
    for _ in range(4):
        cache_from_truth(small_truth(), settings)
    folder = settings.cache_dir("sample")
    assert sorted(path.name for path in folder.glob("*.duckdb")) == ["cache-3.duckdb", "cache-4.duckdb"]
    assert (folder / POINTER).read_text() == "cache-4.duckdb"


def test_a_refresh_that_breaks_leaves_the_old_one(settings):
    cache_from_truth(small_truth(), settings)

    def broken(_connection):
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        publish(settings.cache_dir("sample"), "sample", broken)
    with open_cache("sample", settings) as cache:
        assert cache.meta.counts["invoices"] == 60
    assert not list(settings.cache_dir("sample").glob("cache-2*"))


@pytest.mark.parametrize("damage", ["garbage", "format"])
def test_a_broken_or_foreign_file_is_told(settings, damage):
    path = cache_from_truth(small_truth(), settings)
    if damage == "garbage":
        path.write_bytes(b"no database at all" * 100)
    else:
        with duckdb.connect(str(path)) as connection:
            connection.execute("update meta set value = '0' where key = 'format'")
    with pytest.raises(CacheError):
        open_cache("sample", settings)
