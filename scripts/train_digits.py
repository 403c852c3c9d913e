"""Train a perceptron on the 1,797 handwritten digits of scikit-learn; every gradient is chainorder's.

    python scripts/train_digits.py --epochs 25

The order in which the gradient is accumulated is planned once, and proved to be the cheapest; every step of
training runs it on the Jacobians of a batch.
"""

from __future__ import annotations

import time
from dataclasses import replace

import click
import numpy as np
from sklearn.datasets import load_digits

from chainorder import Graph, ParameterNetwork, plan
from chainorder.execution.graph import gather
from chainorder.execution.graph_program import Program
from chainorder.problems.parameter_network import SampledParameters, gradient_step

LAYERS = (64, 64, 32, 10)


def accuracy(network: SampledParameters, points: np.ndarray, labels: np.ndarray) -> float:
    """The share of samples whose largest output is the right one."""
    return float((replace(network, points=points).outputs().argmax(axis=1) == labels).mean())


@click.command()
@click.option("--epochs", default=25, show_default=True)
@click.option("--batch", default=32, show_default=True)
@click.option("--rate", default=0.2, show_default=True, help="Of the gradient steps.")
@click.option("--seed", default=0, show_default=True)
def main(epochs: int, batch: int, rate: float, seed: int) -> None:
    """Train, and test on a held-out fifth."""
    digits = load_digits()
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(digits.data))
    points, labels = digits.data[order] / 16, digits.target[order]
    held = len(points) // 5
    targets = np.eye(10)[labels]

    definition = ParameterNetwork(LAYERS, "tanh", loss="cross_entropy", batch=batch)
    graph = Graph.of(definition, "digits")
    best = plan(graph)
    program = Program.of(best)
    click.echo(f"{best.fma:,} fma a gradient, {best.claim}; {definition.parameters:,} parameters")

    network = definition.sample(seed)
    network = replace(network, biases=tuple(0 * bias for bias in network.biases))
    started = time.perf_counter()
    for epoch in range(1, epochs + 1):
        shuffled = held + generator.permutation(len(points) - held)
        for first in range(0, len(shuffled) - batch + 1, batch):
            chosen = shuffled[first : first + batch]
            network = replace(network, points=points[chosen], targets=targets[chosen])
            gradient = program.run(gather(graph, network.jacobians(), seed).operands, {})
            network = gradient_step(network, gradient, rate)
        if epoch % 5 == 0:
            trained = accuracy(network, points[held:], labels[held:])
            tested = accuracy(network, points[:held], labels[:held])
            seconds = time.perf_counter() - started
            click.echo(
                f"epoch {epoch:3}: {trained:.1%} of the training set, {tested:.1%} held out, {seconds:.1f} s"
            )


if __name__ == "__main__":
    main()
