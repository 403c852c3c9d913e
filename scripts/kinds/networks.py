"""Networks: by their inputs, by their parameters, in loops."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .registry import Case, integers, kind, layers, normal, perceptron, uniform


def tokens(features: int) -> Callable[[Any], Any]:
    """A normalisation and a perceptron for each row."""
    w = jnp.asarray(np.random.default_rng(0).normal(size=(features, 4 * features)))

    def block(x: Any) -> Any:
        centred = x - x.mean(-1, keepdims=True)
        return x + jnp.tanh(centred / jnp.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) @ w) @ w.T

    return block


@kind("transformer block", (12, 16), (3, 4))
def transformer(length: int, width: int) -> Case:
    q, k, v, o = (normal(width, width, scale=width**-0.5, seed=seed) for seed in range(4))
    network = layers(width, 4 * width, width)

    def norm(x: Any) -> Any:
        return (x - x.mean(-1, keepdims=True)) / jnp.sqrt(x.var(-1, keepdims=True) + 1e-5)

    def block(x: Any) -> Any:
        h = norm(x)
        shares = jax.nn.softmax((h @ q) @ (h @ k).T / width**0.5, -1)
        x = x + shares @ (h @ v) @ o
        return x + perceptron(network, norm(x))

    return block, normal(length, width, seed=9)


@kind("LayerNorm and MLP of tokens", (32, 16), (3, 4))
def token_mlp(length: int, width: int) -> Case:
    return tokens(width), normal(length, width)


@kind("MLP mixer", (8, 16), (3, 4))
def mixer(patches: int, width: int) -> Case:
    across, along = layers(patches, 2 * patches, patches), layers(width, 2 * width, width, seed=3)

    def block(x: Any) -> Any:
        x = x + perceptron(across, x.T).T
        return x + perceptron(along, x)

    return block, normal(patches, width)


def convolved(x: Any, kernel: Any, stride: int = 1) -> Any:
    """A convolution of an image, channels first."""
    return lax.conv_general_dilated(x[None], kernel, (stride, stride), "SAME")[0]


@kind("CNN classifier", (16, 8), (6, 2))
def cnn(side: int, channels: int) -> Case:
    first, second = normal(channels, 1, 3, 3, scale=0.3), normal(channels, channels, 3, 3, scale=0.2, seed=1)
    last = normal(10, channels * side * side // 16 if side % 4 == 0 else channels * 4, scale=0.1, seed=2)

    def logits(image: Any) -> Any:
        h = jax.nn.relu(convolved(image[None], first, 2))
        return last @ jax.nn.relu(convolved(h, second, 2)).reshape(-1)

    return logits, normal(side, side)


@kind("convolutional autoencoder", (16, 6), (8, 2))
def conv_autoencoder(side: int, code: int) -> Case:
    first, last = normal(4, 1, 3, 3, scale=0.3), normal(1, 4, 3, 3, scale=0.3, seed=1)
    down = normal(code, side * side, scale=1 / side, seed=2)
    up = normal(side * side, code, seed=3)

    def rebuilt(image: Any) -> Any:
        h = jnp.tanh(convolved(image[None], first, 2)).reshape(-1)
        h = jnp.tanh(up @ jnp.tanh(down @ h)).reshape(4, side // 2, side // 2)
        return convolved(jnp.repeat(jnp.repeat(h, 2, 1), 2, 2), last)[0]

    return rebuilt, normal(side, side)


@kind("denoising CNN", (12, 8), (4, 2))
def denoiser(side: int, channels: int) -> Case:
    sizes = pairwise((1, channels, channels, 1))
    kernels = [normal(m, n, 3, 3, scale=0.3 / n**0.5) for n, m in sizes]

    def clean(image: Any) -> Any:
        h = image[None]
        for kernel in kernels[:-1]:
            h = jax.nn.relu(convolved(h, kernel))
        return image - convolved(h, kernels[-1])[0]

    return clean, normal(side, side)


@kind("VAE", (196, 64, 8), (6, 5, 2))
def vae(pixels: int, hidden: int, code: int) -> Case:
    encoder, decoder = layers(pixels, hidden, 2 * code), layers(code, hidden, pixels, seed=3)
    noise = normal(code)

    def rebuilt(x: Any) -> Any:
        mean, logs = jnp.split(perceptron(encoder, x), 2)
        return jax.nn.sigmoid(perceptron(decoder, mean + jnp.exp(logs / 2) * noise))

    return rebuilt, uniform(pixels)


@kind("MLP 100-64-64-100", (100, 64), (5, 4))
def mlp(ends: int, width: int) -> Case:
    network = layers(ends, width, width, ends)
    return lambda x: perceptron(network, x), normal(ends)


@kind("residual MLP, batch of 24", (24, 16), (3, 4))
def batch(samples: int, width: int) -> Case:
    networks = [layers(width, 2 * width, width, seed=seed) for seed in range(2)]

    def function(x: Any) -> Any:
        for network in networks:
            x = x + perceptron(network, jax.nn.gelu(x))
        return x

    return function, normal(samples, width)


@kind("MLP by its parameters", (8, 16, 3, 40), (2, 3, 2, 3))
def by_parameters(features: int, hidden: int, outputs: int, samples: int) -> Case:
    x = normal(samples, features)
    return lambda network: perceptron(network, x), layers(features, hidden, outputs)


@kind("PINN residuals by parameters", (12, 50), (3, 4))
def pinn(hidden: int, points: int) -> Case:
    places = jnp.linspace(0, 1, points)

    def residuals(network: Any) -> Any:
        def u(t: Any) -> Any:
            return perceptron(network, t[None])[0]

        def at(t: Any) -> Any:
            return jax.grad(jax.grad(u))(t) + u(t) ** 3 - jnp.sin(t)

        return {"inside": jax.vmap(at)(places), "start": u(places[0])}

    return residuals, layers(1, hidden, hidden, 1)


@kind("RealNVP", (24, 4), (4, 2))
def real_nvp(width: int, couplings: int) -> Case:
    networks = [layers(width // 2, 32, width, seed=seed) for seed in range(couplings)]

    def flow(x: Any) -> Any:
        for network in networks:
            kept, changed = jnp.split(x, 2)
            logs, shift = jnp.split(perceptron(network, kept), 2)
            x = jnp.concatenate([changed * jnp.exp(jnp.tanh(logs)) + shift, kept])
        return x

    return flow, normal(width)


def gru_cell(weights: Any, h: Any, x: Any) -> Any:
    """One step of a gated recurrent unit."""
    (w, u) = weights
    gates, hidden = jnp.split(w @ x, [2 * len(h)])[0:2], jnp.split(u @ h, [2 * len(h)])
    update, reset = jnp.split(jax.nn.sigmoid(gates[0] + hidden[0]), 2)
    new = jnp.tanh(gates[1] + reset * hidden[1])
    return (1 - update) * new + update * h


@kind("GRU, last state", (20, 8, 16), (3, 2, 3))
def gru(steps: int, features: int, width: int) -> Case:
    weights = normal(3 * width, features, scale=0.3), normal(3 * width, width, scale=0.2, seed=1)

    def last(x: Any) -> Any:
        return lax.scan(lambda h, row: (gru_cell(weights, h, row), None), jnp.zeros(width), x)[0]

    return last, normal(steps, features)


@kind("LSTM, all states", (16, 6, 10), (3, 2, 3))
def lstm(steps: int, features: int, width: int) -> Case:
    w, u = normal(4 * width, features, scale=0.3), normal(4 * width, width, scale=0.2, seed=1)

    def states(x: Any) -> Any:
        def step(carry: Any, row: Any) -> tuple[Any, Any]:
            h, c = carry
            i, f, o, g = jnp.split(w @ row + u @ h, 4)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        return lax.scan(step, (jnp.zeros(width), jnp.zeros(width)), x)[1]

    return states, normal(steps, features)


@kind("neural ODE", (16, 20), (3, 2))
def neural_ode(width: int, steps: int) -> Case:
    network = layers(width, 32, width)

    def step(x: Any, _: None) -> tuple[Any, None]:
        half = x + 0.025 * perceptron(network, x)
        return x + 0.05 * perceptron(network, half), None

    return lambda x: lax.scan(step, x, None, steps)[0], normal(width)


@kind("DEQ by implicit differentiation", (48, 24), (4, 3))
def deq(inputs: int, width: int) -> Case:
    w, u = normal(width, width, scale=0.4 / width**0.5), normal(width, inputs, scale=0.3, seed=1)

    def layer(x: Any) -> Any:
        def gap(z: Any) -> Any:
            return z - jnp.tanh(w @ z + u @ x)

        def solve(gap: Any, z: Any) -> Any:
            return lax.while_loop(lambda z: jnp.sum(gap(z) ** 2) > 1e-20, lambda z: z - gap(z), z)

        def linear(map_: Any, y: Any) -> Any:
            return jnp.linalg.solve(jax.jacfwd(map_)(y), y)

        return lax.custom_root(gap, jnp.zeros(width), solve, linear)

    return layer, normal(inputs)


@kind("DeepONet", (50, 60), (4, 3))
def deep_onet(sensors: int, places: int) -> Case:
    branch, trunk = layers(sensors, 40, 24), layers(1, 40, 24, seed=3)
    at = jnp.linspace(0, 1, places)[:, None]
    return lambda u: perceptron(trunk, at) @ perceptron(branch, u), normal(sensors)


@kind("graph network", (30, 8, 60), (4, 2, 5))
def graph_network(nodes: int, width: int, edges: int) -> Case:
    begin, end = integers(nodes, 2, edges)
    message, update = layers(2 * width, 16, width), layers(2 * width, 16, width, seed=3)

    def layer(h: Any) -> Any:
        sent = perceptron(message, jnp.concatenate([h[begin], h[end]], -1))
        received = jnp.zeros_like(h).at[end].add(sent)
        return h + perceptron(update, jnp.concatenate([h, received], -1))

    return layer, normal(nodes, width)


@kind("shared trunk, two heads", (80, 10, 60), (4, 2, 3))
def heads(inputs: int, waist: int, outputs: int) -> Case:
    trunk = layers(inputs, 64, waist)
    many, one = layers(waist, 32, outputs, seed=3), layers(waist, 16, 1, seed=6)

    def function(x: Any) -> Any:
        h = jnp.tanh(perceptron(trunk, x))
        return {"field": perceptron(many, h), "value": perceptron(one, h)[0]}

    return function, normal(inputs)
