"""Inner loops, compiled by numba: plain functions on arrays, whose types numba finds by itself."""
