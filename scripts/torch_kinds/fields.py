"""Fields on grids, graphs and lines: steps, residuals, simulations."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from .registry import Case, kind, normal, uniform


def laplacian(u: Any) -> Any:
    """On a periodic grid of any dimension."""
    return sum(torch.roll(u, 1, axis) + torch.roll(u, -1, axis) - 2 * u for axis in range(u.ndim))


@kind("heat on a ring, 10 steps", (200,), (12,))
def heat(cells: int) -> Case:
    def function(u: Any) -> Any:
        for _ in range(10):
            u = u + 0.1 * laplacian(u)
        return u

    return function, normal(cells)


@kind("Burgers step", (300,), (9,))
def burgers(cells: int) -> Case:
    def function(u: Any) -> Any:
        flux = u**2 / 2
        return u - 0.1 * (flux - torch.roll(flux, 1)) + 0.01 * laplacian(u)

    return function, uniform(cells)


@kind("shallow water", (12,), (3,))
def water(side: int) -> Case:
    def along(a: Any, axis: int) -> Any:
        return (torch.roll(a, -1, axis) - torch.roll(a, 1, axis)) / 2

    def function(state: Any) -> Any:
        h, u, v = state
        mass = along(h * u, 0) + along(h * v, 1)
        rates = [-u * along(c, 0) - v * along(c, 1) - along(h, axis) for axis, c in enumerate((u, v))]
        return torch.stack([-mass, *rates])

    return function, uniform(3, side, side)


@kind("Roe step", (100,), (5,))
def roe(cells: int) -> Case:
    def function(state: Any) -> Any:
        rho, momentum, energy = state
        u = momentum / rho
        pressure = 0.4 * (energy - momentum * u / 2)
        flux = torch.stack([momentum, momentum * u + pressure, (energy + pressure) * u])
        left, right = rho.sqrt(), torch.roll(rho, -1).sqrt()
        mean = (left * u + right * torch.roll(u, -1)) / (left + right)
        speed = mean.abs() + (0.4 * pressure / rho).sqrt()
        between = (flux + torch.roll(flux, -1, 1) - speed * (torch.roll(state, -1, 1) - state)) / 2
        return state - 0.1 * (between - torch.roll(between, 1, 1))

    state = uniform(3, cells)
    state[2] += 5
    return function, state


@kind("reaction–diffusion", (16,), (3,))
def reaction(side: int) -> Case:
    def function(state: Any) -> Any:
        u, v = state
        react = u * v**2
        return torch.stack([laplacian(u) - react + 0.04 * (1 - u), laplacian(v) / 2 + react - 0.1 * v])

    return function, uniform(2, side, side)


@kind("Poisson residual by convolution", (20,), (4,))
def poisson(side: int) -> Case:
    stencil = torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]], dtype=torch.float64)[None, None]

    def function(u: Any) -> Any:
        return functional.conv2d(u[None, None], stencil, padding=1)[0, 0] - torch.exp(u)

    return function, normal(side, side)


@kind("Lorenz-96, 8 steps", (40,), (8,))
def lorenz(size: int) -> Case:
    def function(x: Any) -> Any:
        for _ in range(8):
            x = x + 0.02 * ((torch.roll(x, -1) - torch.roll(x, 2)) * torch.roll(x, 1) - x + 8)
        return x

    return function, normal(size)


@kind("Kuramoto, all to all", (60,), (5,))
def kuramoto(size: int) -> Case:
    rates = normal(size)

    def function(phase: Any) -> Any:
        return rates + torch.sin(phase[None, :] - phase[:, None]).mean(1)

    return function, normal(size)


@kind("power flow", (60,), (6,))
def power(buses: int) -> Case:
    ends = torch.stack([torch.arange(buses), (torch.arange(buses) * 7 + 3) % buses])
    g, b = uniform(buses), uniform(buses)

    def function(x: Any) -> Any:
        angle, size = x[:buses], x[buses:]
        start, end = ends
        difference = angle[start] - angle[end]
        both = size[start] * size[end]
        active = both * (g * torch.cos(difference) + b * torch.sin(difference))
        reactive = both * (g * torch.sin(difference) - b * torch.cos(difference))
        zeros = torch.zeros(buses, dtype=x.dtype)
        return torch.cat([zeros.index_add(0, start, active), zeros.index_add(0, end, reactive)])

    return function, uniform(2 * buses)


@kind("mass–spring chain forces", (150,), (5,))
def springs(masses: int) -> Case:
    def function(place: Any) -> Any:
        apart = place[1:] - place[:-1]
        length = apart.norm(dim=1, keepdim=True)
        pull = (length - 1) * apart / length
        return functional.pad(pull, (0, 0, 0, 1)) - functional.pad(pull, (0, 0, 1, 0))

    place = normal(masses, 2)
    place[:, 0] += 2.0 * torch.arange(masses)
    return function, place


@kind("Lennard-Jones forces", (12,), (4,))
def atoms(count: int) -> Case:
    def energy(place: Any) -> Any:
        i, j = torch.triu_indices(count, count, 1)
        inverse = 1 / (place[i] - place[j]).square().sum(1)
        return (inverse**6 - inverse**3).sum()

    return torch.func.grad(energy), 3 * uniform(count, 3) + torch.arange(count)[:, None]


@kind("element-wise", (800,), (7,))
def elementwise(size: int) -> Case:
    return lambda x: torch.sin(x) * torch.exp(-(x**2)), normal(size)


@kind("outputs of a field and its sum", (500,), (6,))
def field_and_sum(size: int) -> Case:
    return lambda x: {"field": torch.tanh(x) ** 2, "total": x.square().sum()}, normal(size)


@kind("cumulative sums", (200,), (6,))
def sums(size: int) -> Case:
    return lambda x: torch.cumsum(torch.tanh(x), 0), normal(size)
