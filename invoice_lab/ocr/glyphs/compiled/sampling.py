"""Ink of the canvas as it is sampled by the pixels of a sheet: see `invoice_lab.ocr.glyphs.sampling`."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def taps(places, kernel, radius, knots, taps_out, first_out):
    """Interpolate a kernel for each place: its weights on the whole numbers around, and the first of these."""
    for number in range(len(places)):
        first = int(np.ceil(places[number] - radius))
        first_out[number] = first
        for tap in range(taps_out.shape[1]):
            at = (first + tap - places[number] + radius) * knots
            below = int(at)
            if at >= 0 and below < len(kernel) - 1:
                share = at - below
                taps_out[number, tap] = kernel[below] * (1 - share) + kernel[below + 1] * share
            else:
                taps_out[number, tap] = 0


@njit(cache=True)
def project(pictures, corner, across, down, first_column, first_row, out):
    """Sum pictures, whose upper left pixel is at `corner`, over the taps of each pixel of the sheet."""
    count, height, width = pictures.shape
    for pixel in range(len(across)):
        for j in range(down.shape[1]):
            row = first_row[pixel] + j - corner[1]
            if row < 0 or row >= height or down[pixel, j] == 0:
                continue
            for i in range(across.shape[1]):
                column = first_column[pixel] + i - corner[0]
                if column < 0 or column >= width:
                    continue
                weight = down[pixel, j] * across[pixel, i]
                if weight != 0:
                    for number in range(count):
                        out[pixel, number] += weight * pictures[number, row, column]


@njit(cache=True)
def design(ink, places, others, first_others, radius, knots, along_rows, system):
    """Fill the least squares for one axis' kernel: how much of each knot's hat meets ink at each pixel."""
    height, width = ink.shape
    reach = int(2 * radius) + 1
    for pixel in range(len(places)):
        first = int(np.ceil(places[pixel] - radius))
        for tap in range(reach):
            at = (first + tap - places[pixel] + radius) * knots
            below = int(at)
            if at < 0 or below >= system.shape[1] - 1:
                continue
            value = 0.0
            for other in range(others.shape[1]):
                row = first_others[pixel] + other if along_rows else first + tap
                column = first + tap if along_rows else first_others[pixel] + other
                if 0 <= row < height and 0 <= column < width:
                    value += others[pixel, other] * ink[row, column]
            system[pixel, below] += value * (1 - (at - below))
            system[pixel, below + 1] += value * (at - below)
