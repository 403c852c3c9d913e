"""Fields on grids: steps, residuals, simulations."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from .registry import Case, integers, kind, normal, uniform


def shallow_water(state: Any) -> Any:
    """The three equations on a periodic grid."""
    h, u, v = state

    def along(a: Any, axis: int) -> Any:
        return (jnp.roll(a, -1, axis) - jnp.roll(a, 1, axis)) / 2

    mass = along(h * u, 0) + along(h * v, 1)
    return jnp.stack(
        [-mass, *(-u * along(c, 0) - v * along(c, 1) - along(h, n) for n, c in enumerate((u, v)))]
    )


def roe_step(state: Any) -> Any:
    """One step of the Euler equations in conserved variables, with the fluxes of Roe's averages."""
    rho, momentum, energy = state
    u = momentum / rho
    pressure = 0.4 * (energy - momentum * u / 2)
    flux = jnp.stack([momentum, momentum * u + pressure, (energy + pressure) * u])
    left, right = jnp.sqrt(rho), jnp.sqrt(jnp.roll(rho, -1))
    mean = (left * u + right * jnp.roll(u, -1)) / (left + right)
    heat = (energy + pressure) / rho
    total = (left * heat + right * jnp.roll(heat, -1)) / (left + right)
    speed = jnp.abs(mean) + jnp.sqrt(0.4 * (total - mean**2 / 2))
    between = (flux + jnp.roll(flux, -1, 1) - speed * (jnp.roll(state, -1, 1) - state)) / 2
    return state - 0.1 * (between - jnp.roll(between, 1, 1))


def reaction(state: Any, parameters: Any) -> Any:
    """The residual of a reaction with diffusion."""
    spread = jnp.roll(state, 1) - 2 * state + jnp.roll(state, -1)
    return parameters[0] * spread + parameters[1] * state - parameters[2] * state**3


@kind("shallow water", (16,), (3,))
def water(side: int) -> Case:
    return shallow_water, uniform(3, side, side, low=1, high=2)


@kind("Roe step", (120,), (5,))
def roe(cells: int) -> Case:
    return roe_step, uniform(3, cells, low=1, high=2).at[2].add(5)


@kind("reaction–diffusion residual", (400,), (6,))
def residual(cells: int) -> Case:
    return reaction, uniform(cells), uniform(3, seed=1)


def laplacian(u: Any) -> Any:
    """Of the last two axes, periodic."""
    return sum(jnp.roll(u, shift, axis) for shift in (-1, 1) for axis in (-2, -1)) - 4 * u


@kind("Gray–Scott, five steps", (14,), (4,))
def gray_scott(side: int) -> Case:
    def step(fields: Any, _: None) -> tuple[Any, None]:
        u, v = fields
        reacted = u * v * v
        du = 0.2 * laplacian(u) - reacted + 0.04 * (1 - u)
        return fields + jnp.stack([du, 0.1 * laplacian(v) + reacted - 0.1 * v]), None

    return lambda fields: lax.scan(step, fields, None, 5)[0], uniform(2, side, side)


@kind("Cahn–Hilliard step", (18,), (5,))
def cahn_hilliard(side: int) -> Case:
    return lambda c: c + 0.01 * laplacian(c**3 - c - 0.5 * laplacian(c)), normal(side, side)


@kind("Burgers, final state", (128, 60), (8, 3))
def burgers(cells: int, steps: int) -> Case:
    def step(u: Any, _: None) -> tuple[Any, None]:
        right = jnp.roll(u, -1)
        flux = (u**2 + right**2) / 4 - jnp.maximum(abs(u), abs(right)) * (right - u) / 2
        return u - 0.2 * (flux - jnp.roll(flux, 1)), None

    return lambda u: lax.scan(step, u, None, steps)[0], normal(cells)


@kind("wave speeds to seismograms", (64, 80), (8, 4))
def seismograms(cells: int, steps: int) -> Case:
    pulse = jnp.exp(-((jnp.arange(cells) - cells / 2) ** 2) / 8)

    def records(speed: Any) -> Any:
        def step(pair: Any, _: None) -> tuple[Any, Any]:
            now, before = pair
            after = 2 * now - before + 0.1 * speed * (jnp.roll(now, 1) - 2 * now + jnp.roll(now, -1))
            return (after, now), after[:: cells // 4]

        return lax.scan(step, (pulse, pulse), None, steps)[1]

    return records, uniform(cells, low=1, high=2)


@kind("KdV step by FFT", (96,), (8,))
def kdv(points: int) -> Case:
    waves = 2j * jnp.pi * jnp.fft.rfftfreq(points)

    def rate(u: Any) -> Any:
        spectrum = jnp.fft.rfft(u)
        return -jnp.fft.irfft(waves**3 * spectrum, points) - 6 * u * jnp.fft.irfft(waves * spectrum, points)

    return lambda u: u + 0.05 * rate(u + 0.025 * rate(u)), normal(points)


@kind("implicit heat step", (50,), (4,))
def implicit_heat(cells: int) -> Case:
    def step(u: Any) -> Any:
        between = 1 + (u[1:] ** 2 + u[:-1] ** 2) / 2
        flow = jnp.zeros(cells).at[1:].add(between).at[:-1].add(between)
        matrix = jnp.diag(1 + flow) - jnp.diag(between, 1) - jnp.diag(between, -1)
        return jnp.linalg.solve(matrix, u)

    return step, uniform(cells)


@kind("Bratu residual", (20,), (4,))
def bratu(side: int) -> Case:
    def residual(u: Any) -> Any:
        padded = jnp.pad(u, 1)
        around = padded[2:, 1:-1] + padded[:-2, 1:-1] + padded[1:-1, 2:] + padded[1:-1, :-2]
        return around - 4 * u + 0.1 * jnp.exp(u)

    return residual, normal(side, side)


@kind("WENO reconstruction", (200,), (8,))
def weno(cells: int) -> Case:
    def faces(u: Any) -> Any:
        a, b, c, d, e = (jnp.roll(u, shift) for shift in (2, 1, 0, -1, -2))
        smooth = (
            13 / 12 * (a - 2 * b + c) ** 2 + (a - 4 * b + 3 * c) ** 2 / 4,
            13 / 12 * (b - 2 * c + d) ** 2 + (b - d) ** 2 / 4,
            13 / 12 * (c - 2 * d + e) ** 2 + (3 * c - 4 * d + e) ** 2 / 4,
        )
        weights = [w / (1e-6 + s) ** 2 for w, s in zip((0.1, 0.6, 0.3), smooth, strict=True)]
        parts = (2 * a - 7 * b + 11 * c) / 6, (-b + 5 * c + 2 * d) / 6, (2 * c + 5 * d - e) / 6
        return sum(w * p for w, p in zip(weights, parts, strict=True)) / sum(weights)

    return faces, normal(cells)


@kind("lattice Boltzmann step", (8,), (3,))
def boltzmann(side: int) -> Case:
    ways = [(x, y) for x in (0, 1, -1) for y in (0, 1, -1)]
    shares = jnp.asarray([(4 / 9, 1 / 9, 1 / 36)[abs(x) + abs(y)] for x, y in ways])[:, None, None]
    e = jnp.asarray(ways, float)

    def step(f: Any) -> Any:
        density = f.sum(0)
        velocity = jnp.einsum("qd,qij->dij", e, f) / density
        along = jnp.einsum("qd,dij->qij", e, velocity)
        rest = shares * density * (1 + 3 * along + 4.5 * along**2 - 1.5 * (velocity**2).sum(0))
        collided = f - 0.6 * (f - rest)
        return jnp.stack([jnp.roll(each, way, (0, 1)) for each, way in zip(collided, ways, strict=True)])

    return step, uniform(9, side, side, low=1, high=2)


@kind("finite elements", (60, 100), (5, 6))
def elements(nodes: int, triangles: int) -> Case:
    corners, rest = integers(nodes, triangles, 3), normal(nodes, 2, seed=1)

    def forces(x: Any) -> Any:
        def energy(x: Any) -> Any:
            a, b, c = (x[corners[:, k]] - rest[corners[:, k]] for k in range(3))
            stretch = jnp.sum((b - a) ** 2 + (c - a) ** 2, -1)
            turn = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
            return jnp.sum(jnp.log1p(stretch) + 0.1 * turn**2)

        return jax.grad(energy)(x)

    return forces, normal(nodes, 2)
