"""Layers on tokens, sequences, images and batches, and networks by their parameters."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional

from .networks import perceptron
from .registry import Case, kind, normal


@kind("layer norm and perceptron on tokens", (32, 16), (3, 4))
def tokens(count: int, features: int) -> Case:
    net = nn.Sequential(nn.LayerNorm(features), perceptron(features, 2 * features, features)).double()
    return net, normal(count, features)


@kind("batch through a perceptron", (64, 8), (3, 4))
def batch(samples: int, features: int) -> Case:
    return perceptron(features, 32, features), normal(samples, features)


@kind("attention block", (12, 16), (3, 4))
def attention(count: int, features: int) -> Case:
    block = nn.MultiheadAttention(features, 2, batch_first=True).double()
    norm = nn.LayerNorm(features).double()
    return lambda x: norm(x + block(x[None], x[None], x[None], need_weights=False)[0][0]), normal(
        count, features
    )


@kind("transformer encoder layer", (8, 16), (3, 4))
def encoder(count: int, features: int) -> Case:
    layer = nn.TransformerEncoderLayer(features, 2, 2 * features, 0.0, batch_first=True).double().eval()
    return lambda x: layer(x[None])[0], normal(count, features)


@kind("attention of one query", (40, 16), (4, 4))
def query(count: int, features: int) -> Case:
    keys, values = normal(count, features), normal(count, features)
    return lambda q: functional.scaled_dot_product_attention(q[None], keys, values)[0], normal(features)


@kind("GRU over a sequence", (10, 6), (3, 2))
def gru(steps: int, features: int) -> Case:
    net = nn.GRU(features, 12, batch_first=True).double()
    return lambda x: net(x[None])[1].flatten(), normal(steps, features)


@kind("LSTM over a sequence", (10, 6), (3, 2))
def lstm(steps: int, features: int) -> Case:
    net = nn.LSTM(features, 12, batch_first=True).double()
    return lambda x: net(x[None])[0].flatten(), normal(steps, features)


@kind("one-dimensional convolutions", (150,), (9,))
def signal(size: int) -> Case:
    net = nn.Sequential(nn.Conv1d(1, 4, 5, padding=2), nn.Tanh(), nn.Conv1d(4, 1, 5, padding=2)).double()
    return lambda x: net(x[None])[0], normal(size)


@kind("image filters", (16,), (4,))
def image(side: int) -> Case:
    net = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.Softplus(), nn.Conv2d(4, 1, 3, padding=1)).double()
    return lambda x: net(x[None])[0], normal(side, side)


@kind("pooling and upsampling", (16,), (4,))
def pooled(side: int) -> Case:
    return (
        lambda x: functional.interpolate(functional.avg_pool2d(x[None, None].sin(), 2), scale_factor=2)[0, 0],
        normal(side, side),
    )


@kind("graph network on a ring", (40, 4), (5, 2))
def graph(nodes: int, features: int) -> Case:
    net, start = perceptron(2 * features, 16, features), torch.arange(nodes)
    end = (start + 1) % nodes

    def function(x: Any) -> Any:
        messages = net(torch.cat([x[start], x[end]], 1))
        return x + torch.zeros_like(x).index_add(0, end, messages)

    return function, normal(nodes, features)


@kind("embedding of soft tokens", (10, 30, 12), (2, 4, 3))
def embedding(count: int, words: int, features: int) -> Case:
    table = normal(words, features)
    return lambda logits: torch.softmax(logits, -1) @ table, normal(count, words)


@kind("parameters of a small net, one sample", (4, 16, 3), (2, 3, 2))
def parameters(*sizes: int) -> Case:
    net, x = perceptron(*sizes), normal(sizes[0])
    values = {name: value.detach() for name, value in net.named_parameters()}
    return lambda given: functional_call(net, given, (x,)), values


@kind("parameters of a small net, a batch of 30", (30, 4, 20, 3), (3, 2, 3, 2))
def parameters_of_batch(samples: int, *sizes: int) -> Case:
    net, x = perceptron(*sizes), normal(samples, sizes[0])
    values = {name: value.detach() for name, value in net.named_parameters()}
    return lambda given: functional_call(net, given, (x,)), values


@kind("parameters in one vector, a batch of 30", (30,), (3,))
def parameter_vector(samples: int) -> Case:
    x = normal(samples, 4)

    def function(theta: Any) -> Any:
        first, shift, last = theta[:80].reshape(20, 4), theta[80:100], theta[100:].reshape(3, 20)
        return torch.tanh(x @ first.T + shift) @ last.T

    return function, normal(160)


@kind("state and parameters", (60,), (5,))
def both(size: int) -> Case:
    def function(given: Any) -> Any:
        state, (spread, rate) = given
        around = torch.roll(state, 1) - 2 * state + torch.roll(state, -1)
        return spread * around + rate * state * (1 - state)

    return function, (normal(size), (normal(1), normal(1)))
