"""Bodies, cameras, robots, control."""

from __future__ import annotations

from typing import Any

import torch

from .registry import Case, kind, matrix, normal, uniform


def rotation(angle: Any) -> Any:
    """Rotations in the plane, one for each angle."""
    c, s = torch.cos(angle), torch.sin(angle)
    return torch.stack([torch.stack([c, -s], -1), torch.stack([s, c], -1)], -2)


def rodrigues(w: Any) -> Any:
    """The rotation about an axis by its length."""
    angle = w.norm() + 1e-9
    zero = torch.zeros_like(w[0])
    k = torch.stack([zero, -w[2], w[1], w[2], zero, -w[0], -w[1], w[0], zero]).reshape(3, 3) / angle
    return torch.eye(3, dtype=w.dtype) + torch.sin(angle) * k + (1 - torch.cos(angle)) * (k @ k)


@kind("planar arm, all joints", (8,), (3,))
def arm(joints: int) -> Case:
    def function(angles: Any) -> Any:
        total = torch.cumsum(angles, 0)
        return torch.stack([torch.cumsum(torch.cos(total), 0), torch.cumsum(torch.sin(total), 0)])

    return function, normal(joints)


@kind("arm by products of transforms", (7,), (3,))
def transforms(joints: int) -> Case:
    link = torch.tensor([1.0, 0], dtype=torch.float64)

    def function(angles: Any) -> Any:
        place, turned = torch.zeros(2, dtype=angles.dtype), torch.eye(2, dtype=angles.dtype)
        for each in rotation(angles):
            turned = turned @ each
            place = place + turned @ link
        return place

    return function, normal(joints)


@kind("poses of many arms", (50, 6), (3, 3))
def poses(arms: int, joints: int) -> Case:
    def function(angles: Any) -> Any:
        total = torch.cumsum(angles, 1)
        return torch.stack([torch.cos(total).sum(1), torch.sin(total).sum(1)], 1)

    return function, normal(arms, joints)


@kind("camera, one pose of 40 points", (40,), (3,))
def camera(points: int) -> Case:
    places = normal(points, 3)
    places[:, 2] += 6

    def function(pose: Any) -> Any:
        seen = places @ rodrigues(pose[:3]).T + pose[3:]
        return seen[:, :2] / seen[:, 2:]

    return function, 0.3 * normal(6)


@kind("reprojection of points", (100,), (4,))
def reprojection(points: int) -> Case:
    turn = rodrigues(0.2 * normal(3))

    def function(places: Any) -> Any:
        seen = places @ turn.T
        return seen[:, :2] / (seen[:, 2:] + 6)

    return function, normal(points, 3)


@kind("bundle adjustment, cameras and points", (6, 30), (2, 3))
def bundle(cameras: int, points: int) -> Case:
    def function(x: Any) -> Any:
        shifts, places = x[: 3 * cameras].reshape(cameras, 3), x[3 * cameras :].reshape(points, 3)
        seen = places[None] + shifts[:, None]
        return seen[..., :2] / (seen[..., 2:] + 8)

    return function, normal(3 * (cameras + points))


@kind("pose graph residuals", (60,), (4,))
def pose_graph(poses: int) -> Case:
    measured = normal(poses - 1, 3)

    def function(pose: Any) -> Any:
        before, after = pose[:-1], pose[1:]
        turned = (rotation(-before[:, 2]) @ (after[:, :2] - before[:, :2])[:, :, None])[..., 0]
        return torch.cat([turned, (after[:, 2] - before[:, 2])[:, None]], 1) - measured

    return function, normal(poses, 3)


@kind("double pendulum, Runge–Kutta", (5,), (2,))
def pendulum(steps: int) -> Case:
    def rate(s: Any) -> Any:
        a, b, p, q = s
        d = a - b
        x = (6 * p - 9 * torch.cos(d) * q) / (16 - 9 * torch.cos(d) ** 2)
        y = (24 * q - 9 * torch.cos(d) * p) / (16 - 9 * torch.cos(d) ** 2)
        pull = x * y * torch.sin(d)
        return torch.stack([x, y, -pull / 2 - torch.sin(a), pull / 2 - torch.sin(b)])

    def function(s: Any) -> Any:
        for _ in range(steps):
            k1 = rate(s)
            k2 = rate(s + 0.05 * k1)
            s = s + 0.1 * k2
        return s

    return function, normal(4)


@kind("quadrotor dynamics", (3,), (1,))
def quadrotor(steps: int) -> Case:
    inertia = torch.tensor([1.0, 1.2, 2.0], dtype=torch.float64)

    def function(s: Any) -> Any:
        place, speed, turn, spin, rotor = s[:3], s[3:6], s[6:9], s[9:12], s[12:]
        for _ in range(steps):
            up = rodrigues(turn)[:, 2] * rotor.sum()
            place, speed = place + 0.01 * speed, speed + 0.01 * up
            torque = torch.stack([rotor[0] - rotor[2], rotor[1] - rotor[3], rotor[0] - rotor[1]])
            turn = turn + 0.01 * spin
            spin = spin + 0.01 * (torque - torch.linalg.cross(spin, inertia * spin)) / inertia
        return torch.cat([place, speed, turn, spin])

    return function, uniform(16)


@kind("linear MPC rollout, controls", (30,), (4,))
def rollout(steps: int) -> Case:
    a, b = torch.eye(4, dtype=torch.float64) + 0.05 * normal(4, 4), normal(4, 2)

    def function(controls: Any) -> Any:
        state, states = torch.ones(4, dtype=controls.dtype), []
        for control in controls:
            state = a @ state + b @ torch.tanh(control)
            states.append(state)
        return torch.stack(states)

    return function, normal(steps, 2)


@kind("multiple shooting defects", (40,), (3,))
def shooting(nodes: int) -> Case:
    a = matrix(4, 4)

    def function(states: Any) -> Any:
        ahead = states[:-1] + 0.1 * torch.tanh(states[:-1] @ a.T)
        return states[1:] - ahead

    return function, normal(nodes, 4)


@kind("inverse dynamics by a mass matrix", (7,), (3,))
def dynamics(joints: int) -> Case:
    base = matrix(joints, joints)

    def function(q: Any) -> Any:
        mass = base @ base.T + torch.diag(2 + torch.cos(q)) + torch.outer(torch.sin(q), torch.sin(q)) / 5
        return torch.linalg.solve(mass, torch.sin(q))

    return function, normal(joints)


@kind("truss stiffness residual", (60,), (4,))
def truss(nodes: int) -> Case:
    i, j = torch.arange(nodes - 1), torch.arange(1, nodes)
    rest = uniform(nodes - 1)

    def function(u: Any) -> Any:
        d = u[j] - u[i]
        pull = (d.norm(dim=1) - rest)[:, None] * d
        return torch.zeros_like(u).index_add(0, i, pull).index_add(0, j, -pull)

    return function, normal(nodes, 2)


@kind("trilateration residuals", (25,), (4,))
def trilateration(stations: int) -> Case:
    places = 5 * normal(stations, 3)
    return lambda x: (places - x[:3]).norm(dim=1) + x[3], normal(4)
