"""Differential equations, fixed points, networks of flows, prices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy.ndimage import map_coordinates
from jax.scipy.stats import norm

from .registry import Case, integers, kind, normal, uniform


def power_flow(buses: int, lines: int) -> Callable[[Any, Any], Any]:
    """Power balances by angles and voltages; a made-up grid."""
    generator = np.random.default_rng(0)
    begin, end = generator.integers(0, buses, (2, lines))
    g, b = generator.uniform(0.5, 2, (2, lines))

    def balance(angle: Any, voltage: Any) -> Any:
        turn, product = angle[begin] - angle[end], voltage[begin] * voltage[end]
        real, reactive = (
            product * (g * jnp.cos(turn) + b * jnp.sin(turn)),
            product * (g * jnp.sin(turn) - b * jnp.cos(turn)),
        )
        return [jnp.zeros(buses).at[begin].add(flow).at[end].add(-flow) for flow in (real, reactive)]

    return balance


def rosenbrock(x: Any) -> Any:
    """The chained one."""
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def runge_kutta(rate: Any, x: Any, h: float) -> Any:
    """One step of the classical method."""
    a = rate(x)
    b = rate(x + h / 2 * a)
    c = rate(x + h / 2 * b)
    return x + h / 6 * (a + 2 * b + 2 * c + rate(x + h * c))


@kind("Lorenz-96 by Runge–Kutta", (40, 10), (5, 2))
def lorenz(variables: int, steps: int) -> Case:
    def rate(x: Any) -> Any:
        return (jnp.roll(x, -1) - jnp.roll(x, 2)) * jnp.roll(x, 1) - x + 8

    def final(x: Any) -> Any:
        return lax.scan(lambda x, _: (runge_kutta(rate, x, 0.01), None), x, None, steps)[0]

    return final, normal(variables)


@kind("epidemic by parameters", (100,), (4,))
def epidemic(days: int) -> Case:
    def course(parameters: Any) -> Any:
        def rate(x: Any) -> Any:
            caught, healed, lost = parameters * jnp.stack([x[0] * x[1], x[1], x[2]])
            return jnp.stack([lost - caught, caught - healed, healed - lost])

        def step(x: Any, _: None) -> tuple[Any, Any]:
            x = runge_kutta(rate, x, 0.5)
            return x, x

        return lax.scan(step, jnp.asarray([0.99, 0.01, 0.0]), None, days)[1]

    return course, uniform(3)


@kind("Robertson by implicit Euler", (40,), (3,))
def robertson(steps: int) -> Case:
    def course(rates: Any) -> Any:
        def gap(new: Any, old: Any) -> Any:
            a, b, c = rates * jnp.stack([new[0], new[1] * new[2], new[1] ** 2])
            return new - old - 0.1 * jnp.stack([b - a, a - b - c, c])

        def step(old: Any, _: None) -> tuple[Any, Any]:
            new = old
            for _ in range(3):
                new = new - jnp.linalg.solve(jax.jacfwd(gap)(new, old), gap(new, old))
            return new, new

        return lax.scan(step, jnp.asarray([1.0, 0.0, 0.0]), None, steps)[1]

    return course, jnp.asarray([0.04, 10.0, 30.0])


@kind("Van der Pol with adaptive steps", (12,), (2,))
def van_der_pol(oscillators: int) -> Case:
    def rate(x: Any) -> Any:
        return jnp.stack([x[1], (1 - x[0] ** 2) * x[1] - x[0] + 0.1 * jnp.roll(x[0], 1)])

    def step(carry: Any) -> Any:
        time, h, x = carry
        one, two = x + h * rate(x), x + h * rate(x + h / 2 * rate(x))
        error = jnp.max(abs(one - two))
        good = error < 0.01
        return (
            time + jnp.where(good, h, 0.0),
            h * jnp.clip(0.007 / error, 0.5, 2) ** 0.5,
            jnp.where(good, two, x),
        )

    def final(x: Any) -> Any:
        return lax.while_loop(lambda carry: carry[0] < 2, step, (0.0, 0.05, x))[2]

    return final, normal(2, oscillators)


@kind("collocation", (50,), (4,))
def collocation(intervals: int) -> Case:
    def defects(states: Any, parameters: Any) -> Any:
        angle, speed = states.T
        rates = jnp.stack([speed, parameters[0] * jnp.sin(angle) - parameters[1] * speed], -1)
        middle = (states[1:] + states[:-1]) / 2 + 0.05 * (rates[:-1] - rates[1:]) / 8
        return states[1:] - states[:-1] - 0.05 * (rates[1:] + rates[:-1] + 4 * jnp.sin(middle)) / 6

    return defects, normal(intervals + 1, 2), uniform(2)


@kind("Newton's method, five steps", (20, 10), (3, 2))
def newton(size: int, parameters: int) -> Case:
    a, b = normal(size, size, scale=0.1), normal(size, parameters, seed=1)

    def root(p: Any) -> Any:
        def gap(x: Any) -> Any:
            return x + jnp.tanh(a @ x) - b @ p

        def step(x: Any, _: None) -> tuple[Any, None]:
            return x - jnp.linalg.solve(jax.jacfwd(gap)(x), gap(x)), None

        return lax.scan(step, jnp.zeros(size), None, 5)[0]

    return root, normal(parameters)


@kind("matrix exponential", (6,), (2,))
def exponential(size: int) -> Case:
    return jax.scipy.linalg.expm, normal(size, size, scale=0.3)


@kind("power flow", (118, 186), (4, 6))
def power(buses: int, lines: int) -> Case:
    return power_flow(buses, lines), uniform(buses), uniform(buses, low=0.9, high=1.1)


@kind("circuit of diodes", (80, 140), (4, 6))
def circuit(nodes: int, branches: int) -> Case:
    begin, end = integers(nodes, 2, branches)
    conductance = uniform(branches)

    def currents(voltage: Any) -> Any:
        across = voltage[begin] - voltage[end]
        through = conductance * across + 1e-3 * jnp.expm1(jnp.clip(across / 0.5, max=20))
        return jnp.zeros(nodes).at[begin].add(through).at[end].add(-through) + 0.01 * voltage

    return currents, uniform(nodes)


@kind("reaction kinetics", (30, 50), (4, 5))
def kinetics(species: int, reactions: int) -> Case:
    used = integers(species, 2, reactions)
    change = jnp.zeros((species, reactions)).at[used, jnp.arange(reactions)].add(-1.0)
    change = change.at[integers(species, reactions, seed=1), jnp.arange(reactions)].add(2.0)

    def rates(concentration: Any, energies: Any) -> Any:
        speed = jnp.exp(-energies) * concentration[used[0]] * concentration[used[1]]
        return change @ speed

    return rates, uniform(species), uniform(reactions, seed=2)


@kind("Black–Scholes of a portfolio", (150,), (3,))
def black_scholes(options: int) -> Case:
    def prices(spot: Any, volatility: Any, rate: Any) -> Any:
        strike, years = jnp.linspace(0.8, 1.2, options), jnp.linspace(0.2, 2, options)
        spread = volatility * jnp.sqrt(years)
        first = (jnp.log(spot / strike) + rate * years) / spread + spread / 2
        return spot * norm.cdf(first) - strike * jnp.exp(-rate * years) * norm.cdf(first - spread)

    return prices, uniform(options, low=0.9, high=1.1), uniform(options, low=0.1, high=0.3), jnp.asarray(0.02)


@kind("yield curve from swaps", (30,), (4,))
def yield_curve(years: int) -> Case:
    def zeros(swaps: Any) -> Any:
        def step(annuity: Any, rate: Any) -> tuple[Any, Any]:
            discount = (1 - rate * annuity) / (1 + rate)
            return annuity + discount, discount

        return -jnp.log(lax.scan(step, 0.0, swaps)[1]) / jnp.arange(1, years + 1)

    return zeros, uniform(years, low=0.01, high=0.04)


@kind("lens design", (60, 6), (4, 2))
def lens(rays: int, surfaces: int) -> Case:
    heights = jnp.linspace(-1, 1, rays)

    def spots(bends: Any, gaps: Any) -> Any:
        height, slope = heights, jnp.zeros(rays)
        for surface in range(surfaces):
            height = height + gaps[surface] * slope
            normal_ = jnp.arcsin(jnp.clip(bends[surface] * height, -0.9, 0.9))
            slope = slope - 0.5 * (-1) ** surface * jnp.sin(normal_) + 0.1 * height**3 * bends[surface]
        return height + slope

    return spots, uniform(surfaces, low=0.1, high=0.3), uniform(surfaces)


@kind("warped image", (16,), (4,))
def warped(side: int) -> Case:
    image = normal(side, side)
    grid = jnp.stack(jnp.meshgrid(jnp.arange(side), jnp.arange(side), indexing="ij"), -1)

    def warp(turn: Any, shift: Any) -> Any:
        x, y = jnp.moveaxis(grid @ (jnp.eye(2) + turn) + shift, -1, 0)
        return map_coordinates(image, [x, y], 1)

    return warp, normal(2, 2, scale=0.1), normal(2)


@kind("Hessian of Rosenbrock", (600,), (5,))
def rosenbrock_hessian(size: int) -> Case:
    return jax.grad(rosenbrock), normal(size)


@kind("value and slopes of a field", (500,), (4,))
def field_and_total(points: int) -> Case:
    return lambda x: {"y": jnp.sin(x) * x, "total": jnp.sum(x**2)}, normal(points)
