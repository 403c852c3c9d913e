"""Robots, cameras, particles."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .registry import Case, integers, kind, normal, uniform


def rotated(turn: Any, points: Any) -> Any:
    """Points turned by a rotation vector (Rodrigues)."""
    angle = jnp.sqrt(jnp.sum(turn**2, -1, keepdims=True) + 1e-12)
    axis = turn / angle
    along = jnp.sum(axis * points, -1, keepdims=True)
    cosine, sine = jnp.cos(angle), jnp.sin(angle)
    return points * cosine + jnp.cross(axis, points) * sine + axis * along * (1 - cosine)


@kind("bundle adjustment", (6, 60, 180), (2, 4, 7))
def bundle_adjustment(cameras: int, points: int, observations: int) -> Case:
    camera, point = integers(cameras, observations), integers(points, observations, seed=1)

    def residuals(poses: Any, scene: Any) -> Any:
        pose = poses[camera]
        seen = rotated(pose[:, :3], scene[point]) + pose[:, 3:6]
        flat = seen[:, :2] / seen[:, 2:]
        radius = jnp.sum(flat**2, -1, keepdims=True)
        return pose[:, 6:7] * flat * (1 + pose[:, 7:8] * radius + pose[:, 8:9] * radius**2)

    return residuals, uniform(cameras, 9, low=0.1, high=0.3), uniform(points, 3, low=1, high=2)


def reprojection(scene: Any) -> Any:
    """Points in a camera's plane."""
    turn, shift = scene["camera"][:3], scene["camera"][3:]
    seen = scene["points"] + jnp.cross(turn, scene["points"]) + shift
    return seen[:, :2] / seen[:, 2:]


@kind("camera calibration", (80,), (4,))
def calibration(points: int) -> Case:
    board = uniform(points, 3, low=1, high=2)

    def project(intrinsic: Any, pose: Any) -> Any:
        seen = rotated(pose[:3], board) + pose[3:]
        x, y = seen[:, 0] / seen[:, 2], seen[:, 1] / seen[:, 2]
        r = x * x + y * y
        bend = 1 + intrinsic[4] * r + intrinsic[5] * r * r
        return jnp.stack([intrinsic[0] * x * bend + intrinsic[2], intrinsic[1] * y * bend + intrinsic[3]], -1)

    return project, uniform(6), uniform(6, seed=1)


def link(angle: Any, twist: float, length: float) -> Any:
    """The Denavit–Hartenberg matrix of a joint."""
    c, s, ct, st = jnp.cos(angle), jnp.sin(angle), np.cos(twist), np.sin(twist)
    zero = jnp.zeros_like(c)
    rows = [
        [c, -s * ct, s * st, length * c],
        [s, c * ct, -c * st, length * s],
        [zero, zero + st, zero + ct, zero + 0.1],
        [zero, zero, zero, zero + 1],
    ]
    return jnp.stack([jnp.stack(row, -1) for row in rows], -2)


def arm_pose(angles: Any) -> Any:
    """Where the hand of an arm is, and how it is turned."""
    total = jnp.eye(4)
    for joint in range(angles.shape[-1]):
        total = total @ link(angles[joint], 0.5 * (-1) ** joint, 0.3 + 0.1 * joint)
    return jnp.concatenate([total[:3, 3], total[:3, :3].reshape(-1)])


@kind("robot arm", (7,), (3,))
def arm(joints: int) -> Case:
    return arm_pose, uniform(joints)


@kind("poses of an arm", (100, 6), (3, 3))
def arm_poses(poses: int, joints: int) -> Case:
    return jax.vmap(arm_pose), uniform(poses, joints)


@kind("planar chain of links", (60,), (5,))
def planar_chain(links: int) -> Case:
    def positions(angles: Any) -> Any:
        absolute = jnp.cumsum(angles)
        return jnp.cumsum(jnp.stack([jnp.cos(absolute), jnp.sin(absolute)], -1), 0)

    return positions, uniform(links)


@kind("pose graph", (60, 80), (4, 6))
def pose_graph(poses: int, edges: int) -> Case:
    begin, end = integers(poses, 2, edges)
    measured = normal(edges, 3)

    def errors(pose: Any) -> Any:
        a, b = pose[begin], pose[end]
        c, s = jnp.cos(a[:, 2]), jnp.sin(a[:, 2])
        dx, dy = b[:, 0] - a[:, 0], b[:, 1] - a[:, 1]
        turn = jnp.arctan2(jnp.sin(b[:, 2] - a[:, 2]), jnp.cos(b[:, 2] - a[:, 2]))
        return jnp.stack([c * dx + s * dy, -s * dx + c * dy, turn], -1) - measured

    return errors, normal(poses, 3)


@kind("Lennard-Jones forces", (27,), (4,))
def lennard_jones(atoms: int) -> Case:
    first, second = np.triu_indices(atoms, 1)

    def energy(x: Any) -> Any:
        squared = jnp.sum((x[first] - x[second]) ** 2, -1)
        return 4 * jnp.sum(squared**-6.0 - squared**-3.0)

    grid = np.stack(np.meshgrid(*[np.arange(3.0)] * 3), -1).reshape(-1, 3)[:atoms]
    return jax.grad(energy), jnp.asarray(1.2 * grid) + normal(atoms, 3, scale=0.05)


@kind("gravity of bodies", (40,), (3,))
def gravity(bodies: int) -> Case:
    masses = uniform(bodies, low=1, high=2)

    def accelerations(x: Any) -> Any:
        apart = x[None] - x[:, None]
        cubed = (jnp.sum(apart**2, -1) + 0.01) ** 1.5
        return jnp.sum(masses[None, :, None] * apart / cubed[..., None], 1)

    return accelerations, normal(bodies, 3)


@kind("cloth", (10,), (3,))
def cloth(side: int) -> Case:
    def forces(x: Any) -> Any:
        total = jnp.zeros_like(x)
        for axis in (0, 1):
            along = jnp.diff(x, axis=axis)
            length = jnp.sqrt(jnp.sum(along**2, -1, keepdims=True))
            pull = 10 * (length - 1) * along / length
            pads = [[(0, 0)] * 3, [(0, 0)] * 3]
            pads[0][axis], pads[1][axis] = (0, 1), (1, 0)
            total = total + jnp.pad(pull, pads[0]) - jnp.pad(pull, pads[1])
        return total

    return forces, normal(side, side, 3)


def quadrotor(state: Any, thrust: Any) -> Any:
    """The derivative of position, velocity, angles and rates by four rotors."""
    velocity, (roll, pitch, yaw), rates = state[3:6], state[6:9], state[9:]
    lift = jnp.sum(thrust)
    push = jnp.stack(
        [
            jnp.cos(roll) * jnp.sin(pitch) * jnp.cos(yaw) + jnp.sin(roll) * jnp.sin(yaw),
            jnp.cos(roll) * jnp.sin(pitch) * jnp.sin(yaw) - jnp.sin(roll) * jnp.cos(yaw),
            jnp.cos(roll) * jnp.cos(pitch),
        ]
    )
    torque = jnp.asarray([[1, 0, -1, 0], [0, 1, 0, -1], [1, -1, 1, -1]]) @ thrust
    spin = torque - jnp.cross(rates, jnp.asarray([1.0, 1.1, 1.5]) * rates)
    return jnp.concatenate([velocity, lift * push - jnp.asarray([0, 0, 9.81]), rates, spin])


@kind("MPC of a quadrotor", (25,), (3,))
def quadrotor_mpc(steps: int) -> Case:
    def states(controls: Any) -> Any:
        def step(state: Any, thrust: Any) -> tuple[Any, Any]:
            state = state + 0.05 * quadrotor(state, thrust)
            return state, state

        return lax.scan(step, jnp.zeros(12), controls)[1]

    return states, uniform(steps, 4, low=2, high=3)


def cart_pole(state: Any, force: Any) -> Any:
    """The derivative of place, angle and their rates."""
    _, angle, speed, rate = state
    c, s = jnp.cos(angle), jnp.sin(angle)
    push = (force[0] + s * (rate**2 - 9.81 * c)) / (2 + s**2)
    return jnp.stack([speed, rate, push, -push * c + 9.81 * s])


@kind("MPC by multiple shooting", (60,), (3,))
def shooting(steps: int) -> Case:
    def advanced(state: Any, force: Any) -> Any:
        for _ in range(2):
            half = state + 0.02 * cart_pole(state, force)
            state = state + 0.04 * cart_pole(half, force)
        return state

    def defects(states: Any, forces: Any) -> Any:
        return states[1:] - jax.vmap(advanced)(states[:-1], forces)

    return defects, normal(steps + 1, 4), normal(steps, 1)


@kind("MPC tracking cost", (50,), (4,))
def tracking(steps: int) -> Case:
    def cost(start: Any, forces: Any) -> Any:
        def step(state: Any, force: Any) -> tuple[Any, Any]:
            state = state + 0.02 * cart_pole(state, force)
            return state, jnp.sum(state**2) + 0.01 * jnp.sum(force**2)

        final, costs = lax.scan(step, start, forces)
        return {"cost": jnp.sum(costs), "final": final}

    return cost, normal(4), normal(steps, 1)


@kind("pendulum states", (200,), (5,))
def pendulum(steps: int) -> Case:
    def states(start: Any, parameters: Any) -> Any:
        def step(state: Any, _: None) -> tuple[Any, Any]:
            angle, rate = state
            rate = rate - 0.01 * (parameters[0] * jnp.sin(angle) + parameters[1] * rate)
            state = jnp.stack([angle + 0.01 * rate, rate])
            return state, state

        return lax.scan(step, start, None, steps)[1]

    return states, uniform(2), uniform(2, seed=1)
