"""Filters, kernels, likelihoods, transport, optimisation."""

from __future__ import annotations

from typing import Any

import torch

from .registry import Case, kind, matrix, normal, uniform


@kind("extended Kalman step", (8, 3), (3, 2))
def kalman(states: int, sensors: int) -> Case:
    a, h = matrix(states, states), matrix(sensors, states)
    eye, noise = torch.eye(states, dtype=torch.float64), torch.eye(sensors, dtype=torch.float64)

    def function(x: Any) -> Any:
        x = x + 0.1 * torch.tanh(a @ x)
        p = eye + 0.1 * torch.outer(x, x)
        gain = torch.linalg.solve(h @ p @ h.T + noise, h @ p).T
        return x + gain @ (1 - h @ x)

    return function, normal(states)


@kind("Kalman filter over time", (12, 4), (3, 2))
def filtered(steps: int, states: int) -> Case:
    a = matrix(states, states)

    def function(seen: Any) -> Any:
        x = torch.zeros(states, dtype=seen.dtype)
        for each in seen:
            x = torch.tanh(a @ x)
            x = x + 0.3 * (each - x)
        return x

    return function, normal(steps, states)


@kind("Gaussian process mean at points", (40, 20), (4, 3))
def process(known: int, wanted: int) -> Case:
    places, values = normal(known, 2), normal(known)

    def kernel(one: Any, other: Any) -> Any:
        return torch.exp(-(one[:, None] - other[None]).square().sum(-1))

    weights = torch.linalg.solve(kernel(places, places) + torch.eye(known, dtype=torch.float64), values)
    return lambda x: kernel(x, places) @ weights, normal(wanted, 2)


@kind("Gaussian process by its scales", (30,), (4,))
def scales(known: int) -> Case:
    places, values = normal(known, 3), normal(known)

    def function(scale: Any) -> Any:
        apart = ((places[:, None] - places[None]) * scale).square().sum(-1)
        return torch.linalg.solve(torch.exp(-apart) + torch.eye(known, dtype=scale.dtype), values)

    return function, uniform(3)


@kind("hidden Markov model, log-likelihoods", (20, 6), (3, 2))
def markov(steps: int, states: int) -> Case:
    moves = torch.log_softmax(normal(states, states), 1)

    def function(seen: Any) -> Any:
        alpha, all_of_them = seen[0], []
        for each in seen[1:]:
            alpha = torch.logsumexp(alpha[:, None] + moves, 0) + each
            all_of_them.append(torch.logsumexp(alpha, 0))
        return torch.stack(all_of_them)

    return function, normal(steps, states)


@kind("Sinkhorn, 10 iterations", (20,), (4,))
def sinkhorn(size: int) -> Case:
    def function(cost: Any) -> Any:
        f = torch.zeros(size, dtype=cost.dtype)
        g = f
        for _ in range(10):
            f = -torch.logsumexp(g - cost, 1)
            g = -torch.logsumexp(f[:, None] - cost, 0)
        return f

    return function, uniform(size, size)


@kind("softmax of rows", (40, 20), (3, 4))
def softmax(rows: int, columns: int) -> Case:
    return lambda x: torch.softmax(x, -1), normal(rows, columns)


@kind("logistic regression, samples", (150, 10), (5, 3))
def logistic(samples: int, features: int) -> Case:
    x = normal(samples, features)
    return lambda w: torch.nn.functional.softplus(x @ w), normal(features)


@kind("least squares, curve fit", (200,), (7,))
def curve(samples: int) -> Case:
    t = torch.linspace(0, 1, samples, dtype=torch.float64)
    return lambda p: p[0] * torch.exp(-p[1] * t) + p[2] * torch.sin(p[3] * t), uniform(4)


@kind("gradient of Rosenbrock", (200,), (6,))
def rosenbrock(size: int) -> Case:
    def value(x: Any) -> Any:
        return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()

    return torch.func.grad(value), uniform(size)


@kind("gradient of a mixture's likelihood", (5,), (2,))
def mixture(parts: int) -> Case:
    seen = normal(60, 2)

    def value(x: Any) -> Any:
        means, weights = x[:, :2], torch.log_softmax(x[:, 2], 0)
        return torch.logsumexp(weights - (seen[:, None] - means).square().sum(-1) / 2, 1).sum()

    return torch.func.grad(value), normal(parts, 3)


@kind("fixed point by Newton steps", (15,), (3,))
def newton(size: int) -> Case:
    a = 0.3 * matrix(size, size)

    def function(b: Any) -> Any:
        x = torch.zeros_like(b)
        for _ in range(4):
            slope = torch.eye(size, dtype=b.dtype) - (1 - torch.tanh(a @ x) ** 2)[:, None] * a
            x = x - torch.linalg.solve(slope, x - torch.tanh(a @ x) - b)
        return x

    return function, normal(size)


@kind("ODE with parameters, final state", (20,), (3,))
def final_state(steps: int) -> Case:
    def function(p: Any) -> Any:
        x, y = torch.ones_like(p[0]), torch.ones_like(p[0])
        for _ in range(steps):
            x, y = x + 0.05 * (p[0] * x - p[1] * x * y), y + 0.05 * (p[2] * x * y - p[3] * y)
        return torch.stack([x, y])

    return function, uniform(4)


@kind("chemical kinetics", (30, 60), (4, 5))
def kinetics(species: int, reactions: int) -> Case:
    left, right = torch.randint(species, (2, reactions))
    change = matrix(species, reactions)

    def function(c: Any) -> Any:
        return change @ (c[left] * c[right])

    return function, uniform(species)


@kind("covariance of a Cholesky factor", (12,), (3,))
def covariance(size: int) -> Case:
    i, j = torch.tril_indices(size, size)

    def function(entries: Any) -> Any:
        factor = torch.zeros(size, size, dtype=entries.dtype).index_put((i, j), entries)
        return factor @ factor.T

    return function, normal(len(i))


@kind("low-rank map of rank 4", (400,), (9,))
def low_rank(size: int) -> Case:
    u, v = matrix(size, 4), matrix(4, size)
    return lambda x: u @ torch.sin(v @ torch.tanh(x)), normal(size)
