"""Filters, processes, mixtures, transport."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from .registry import Case, kind, normal, uniform


@kind("Kalman filter", (60, 4), (4, 2))
def kalman(steps: int, states: int) -> Case:
    seen = normal(steps, 2)
    look = normal(2, states, seed=1)

    def innovations(diagonal: Any, noise: Any) -> Any:
        move = 0.9 * jnp.eye(states) + jnp.diag(diagonal[:-1], 1)

        def step(carry: Any, y: Any) -> tuple[Any, Any]:
            mean, spread = carry
            mean, spread = move @ mean, move @ spread @ move.T + jnp.diag(noise)
            gap = y - look @ mean
            gain = jnp.linalg.solve(look @ spread @ look.T + jnp.eye(2), look @ spread).T
            return (mean + gain @ gap, spread - gain @ look @ spread), gap

        return lax.scan(step, (jnp.zeros(states), jnp.eye(states)), seen)[1]

    return innovations, uniform(states), uniform(states, low=0.1, seed=1)


@kind("EKF step", (12, 6), (4, 2))
def ekf(states: int, sensors: int) -> Case:
    mix, look = normal(states, states, scale=0.3), normal(sensors, states, seed=1)

    def move(x: Any) -> Any:
        return x + 0.1 * jnp.tanh(mix @ x)

    def step(x: Any) -> Any:
        slope = jax.jacfwd(move)(x)
        spread = slope @ slope.T + 0.1 * jnp.eye(states)
        gain = jnp.linalg.solve(look @ spread @ look.T + jnp.eye(sensors), look @ spread).T
        return move(x) + gain @ (1 - jnp.sin(look @ move(x)))

    return step, normal(states)


def squared_exponential(a: Any, b: Any, lengths: Any) -> Any:
    """The kernel of Gaussian processes."""
    return jnp.exp(-jnp.sum(((a[:, None] - b[None]) / lengths) ** 2, -1) / 2)


@kind("GP posterior by hyperparameters", (50, 100), (5, 4))
def gp_posterior(data: int, points: int) -> Case:
    x, y, new = normal(data, 2), normal(data, seed=1), normal(points, 2, seed=2)

    def mean(logs: Any) -> Any:
        matrix = squared_exponential(x, x, jnp.exp(logs[:2])) + jnp.exp(logs[2]) * jnp.eye(data)
        return squared_exponential(new, x, jnp.exp(logs[:2])) @ jnp.linalg.solve(matrix, y)

    return mean, jnp.zeros(3)


@kind("GP likelihood and length scales", (40, 6), (5, 2))
def gp_likelihood(data: int, features: int) -> Case:
    x, y = normal(data, features), normal(data, seed=1)

    def likelihood(logs: Any) -> Any:
        lower = jnp.linalg.cholesky(squared_exponential(x, x, jnp.exp(logs)) + 0.1 * jnp.eye(data))
        white = jax.scipy.linalg.solve_triangular(lower, y, lower=True)
        return {"fit": white @ white, "volume": jnp.log(jnp.diag(lower)).sum(), "white": white}

    return likelihood, jnp.ones(features)


@kind("sparse GP by inducing points", (12, 80), (3, 5))
def inducing(points: int, data: int) -> Case:
    x, y = normal(data, 2), normal(data, seed=1)

    def mean(places: Any) -> Any:
        across = squared_exponential(x, places, 1.0)
        inner = squared_exponential(places, places, 1.0) + across.T @ across + 0.1 * jnp.eye(points)
        return across @ jnp.linalg.solve(inner, across.T @ y)

    return mean, normal(points, 2, seed=2)


@kind("HMM filter", (5, 40), (2, 4))
def hmm(states: int, steps: int) -> Case:
    seen = jnp.arange(steps) % 7

    def filtered(moves: Any, emissions: Any) -> Any:
        a, b = jax.nn.log_softmax(moves), jax.nn.log_softmax(emissions)

        def step(alpha: Any, symbol: Any) -> tuple[Any, Any]:
            alpha = jax.nn.logsumexp(alpha[:, None] + a, 0) + b[:, symbol]
            return alpha, alpha - jax.nn.logsumexp(alpha)

        return lax.scan(step, jnp.zeros(states), seen)[1]

    return filtered, normal(states, states), normal(states, 7, seed=1)


@kind("logistic residuals", (200, 40), (5, 3))
def logistic(samples: int, features: int) -> Case:
    x, y = normal(samples, features), jnp.arange(samples) % 2

    return lambda w: jax.nn.sigmoid(x @ w) - y, normal(features, scale=0.1, seed=1)


@kind("Hessian of softmax regression", (60, 12, 4), (5, 3, 2))
def softmax_hessian(samples: int, features: int, classes: int) -> Case:
    x, y = normal(samples, features), jnp.arange(samples) % classes

    def loss(w: Any) -> Any:
        scores = jax.nn.log_softmax(x @ w)
        return -jnp.take_along_axis(scores, y[:, None], 1).mean()

    return jax.grad(loss), normal(features, classes, seed=1)


@kind("mixture responsibilities", (6, 80), (2, 4))
def mixture(parts: int, samples: int) -> Case:
    x = normal(samples, 3)

    def responsibilities(means: Any, logs: Any) -> Any:
        apart = jnp.sum((x[:, None] - means) ** 2, -1) / jnp.exp(logs)
        return jax.nn.softmax(-apart / 2 - 1.5 * logs, -1)

    return responsibilities, normal(parts, 3, seed=1), jnp.zeros(parts)


@kind("softmax of rows", (40, 20), (3, 4))
def softmax(rows: int, columns: int) -> Case:
    return lambda x: jax.nn.softmax(x, -1), normal(rows, columns)


@kind("Sinkhorn", (20, 30), (3, 4))
def sinkhorn(points: int, rounds: int) -> Case:
    others = normal(points, 2, seed=1)

    def transport(x: Any) -> Any:
        kernel = jnp.exp(-jnp.sum((x[:, None] - others) ** 2, -1))

        def step(u: Any, _: None) -> tuple[Any, None]:
            return 1 / (kernel @ (1 / (kernel.T @ u))), None

        u, _ = lax.scan(step, jnp.ones(points), None, rounds)
        return (u[:, None] * kernel / (kernel.T @ u)) @ others

    return transport, normal(points, 2)


@kind("GARCH volatilities", (300,), (5,))
def garch(days: int) -> Case:
    returns = normal(days)

    def volatilities(parameters: Any) -> Any:
        def step(variance: Any, r: Any) -> tuple[Any, Any]:
            variance = parameters[0] + parameters[1] * r**2 + parameters[2] * variance
            return variance, jnp.sqrt(variance)

        return lax.scan(step, jnp.ones(()), returns)[1]

    return volatilities, uniform(3, low=0.1, high=0.4)


@kind("Stein particles", (40,), (3,))
def stein(particles: int) -> Case:
    def moved(x: Any) -> Any:
        apart = x[:, None] - x[None]
        kernel = jnp.exp(-jnp.sum(apart**2, -1))
        push = kernel @ -x + 2 * jnp.sum(kernel[..., None] * apart, 1)
        return x + 0.1 * push / particles

    return moved, normal(particles, 2)
