# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""Polynomials through measured points, and what they say beyond them."""
from dataclasses import dataclass
from fractions import Fraction

CLOSE = 0.01  # residual that a simpler polynomial may have


def solve(matrix, right):
    """Gauss, exactly; the matrix is not singular."""
    rows = [[*row, value] for row, value in zip(matrix, right)]
    count = len(rows)
    for i in range(count):
        pivot = next(k for k in range(i, count) if rows[k][i] != 0)
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [value / rows[i][i] for value in rows[i]]
        for k in range(count):
            if k != i:
                factor = rows[k][i]
                rows[k] = [a - factor * b for a, b in zip(rows[k], rows[i])]
    return [row[count] for row in rows]


@dataclass
class Fit:
    coefficients: tuple  # of x^0, x^1, ...
    residual: float  # the largest, as a part of the spread of the values

    def at(self, x):
        return sum(c * x**power for power, c in enumerate(self.coefficients))

    def text(self, name):
        text = f"{self.coefficients[0]:.6g}"
        for power, c in enumerate(self.coefficients[1:], 1):
            if c != 0:
                text += f" {'+' if c > 0 else '-'} {abs(c):.6g} {name}" + (f"^{power}" if power > 1 else "")
        return text


def least_squares(points, degree):
    xs = [Fraction(x) for x, _ in points]
    ys = [Fraction(y) for _, y in points]
    powers = range(degree + 1)
    found = solve([[sum(x**(i + j) for x in xs) for j in powers] for i in powers],
                  [sum(y * x**i for x, y in zip(xs, ys)) for i in powers])
    fit = Fit(tuple(float(c) for c in found), 0)
    spread = float(max(ys) - min(ys)) or 1
    fit.residual = max(abs(fit.at(float(x)) - float(y)) for x, y in zip(xs, ys)) / spread
    return fit


def polynomial(points, most=2):
    """The simplest that is close to all points, of a degree up to `most` that leaves a point over; two
    points, with different x, are a line."""
    most = max(min(most, len({x for x, _ in points}) - 2), 1)
    for degree in range(most):
        fit = least_squares(points, degree)
        if fit.residual <= CLOSE:
            return fit
    return least_squares(points, most)
