"""Bracketings: a text such as ``(F3 F2) F1`` and the products it stands for.

A bracketing of q factors is q − 1 products; the product (j, k, i) is F'_{j,k+1} · F'_{k,i} = F'_{j,i}.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from chainorder.costs.steps import Steps
from chainorder.errors import PlanError
from chainorder.structures.index_sets import IntArray

PLAIN_FACTOR = re.compile(r"F[0-9]{1,9}", re.IGNORECASE)
"""What any elemental may be called, by its number."""

PLAIN_NAME = re.compile(r"[^\s()*·@\"]+")
"""A name that an order may state without quotation marks."""

_TOKEN = re.compile(
    r"\s*(?:F(?P<factor>[0-9]{1,9})|(?P<open>\()|(?P<close>\))|(?P<times>[*·@]))", re.IGNORECASE
)
_NAME = re.compile(rf"\s*(?P<name>\"[^\"]*\"|{PLAIN_NAME.pattern})")

NAMELESS: Mapping[str, int] = MappingProxyType({})

SHORT = 16
"""Factors up to which texts are kept: there are few bracketings of few factors."""

SHOWN = 40
"""Characters of a text that an error quotes."""


def format_bracketing(length: int, j: IntArray, i: IntArray) -> str:
    """The text of a bracketing of `length` factors whose operations have the results (j, i)."""
    if length <= SHORT:
        return _format_short(length, j.astype(np.int64).tobytes(), i.astype(np.int64).tobytes())
    return _format(length, j, i)


@lru_cache(maxsize=4096)
def _format_short(length: int, j: bytes, i: bytes) -> str:
    """The text of a bracketing that many short chains have in common."""
    return _format(length, np.frombuffer(j, np.int64), np.frombuffer(i, np.int64))


def _format(length: int, j: IntArray, i: IntArray) -> str:
    inner = (j > i) & (j - i < length - 1)  # an accumulated factor and the whole need no brackets
    opened = np.bincount(j[inner], minlength=length + 1).tolist()
    closed = np.bincount(i[inner], minlength=length + 1).tolist()
    return " ".join(f"{'(' * opened[f]}F{f}{')' * closed[f]}" for f in range(length, 0, -1))


@dataclass
class _Group:
    """An open bracket: the (last, first) factors of what stands in it so far."""

    position: int
    members: list[tuple[int, int]] = field(default_factory=list)


def parse_bracketing(text: str, length: int, names: Mapping[str, int] = NAMELESS) -> Steps:
    """The products that a text asks for; O(characters) time, no recursion.

    Parameters
    ----------
    names
        Elementals by what they may be called beside F1, F2, …; with quotation marks where these are needed.

    Raises
    ------
    PlanError
        If the text is no bracketing of F`length` … F1 into pairs; names the character.
    """
    products: list[tuple[int, int, int]] = []
    groups = [_Group(0)]
    position = 0
    end = len(text.rstrip())
    while position < end:
        named = _NAME.match(text, position)
        if named is not None and named["name"] in names:
            groups[-1].members.append((names[named["name"]],) * 2)
            position = named.end()
            continue
        token = _TOKEN.match(text, position)
        if token is None:
            known = f" or {next(iter(names))}" if names else ""
            raise _wrong(text, position, f"is no factor such as F2{known} and no bracket")
        if token["open"]:
            groups.append(_Group(token.end()))
        elif token["close"]:
            if len(groups) == 1:
                raise _wrong(text, token.end() - 1, "closes a bracket that was not opened")
            group = groups.pop()
            groups[-1].members.append(_close(text, group, products))
        elif token["factor"]:
            factor = int(token["factor"])
            groups[-1].members.append((factor, factor))
        position = token.end()
    if len(groups) > 1:
        raise _wrong(text, groups[-1].position - 1, "is never closed")
    if (whole := _close(text, groups[0], products)) != (length, 1):
        raise PlanError(
            f"order {_short(text)!r} covers F{whole[0]} … F{whole[1]}; "
            f"the chain is F{length} … F1, output first"
        )
    return Steps.of_products(products)


def _close(text: str, group: _Group, products: list[tuple[int, int, int]]) -> tuple[int, int]:
    """The subchain that a group of one or two factors multiplies to."""
    match group.members:
        case [single]:
            return single
        case [(j, low), (k, i)]:
            if low != k + 1:
                raise _wrong(
                    text, group.position, f"multiplies F{low} by F{k}, which do not stand side by side"
                )
            products.append((j, k, i))
            return j, i
        case members:
            raise _wrong(text, group.position, f"groups {len(members)} factors; bracket them into pairs")


def _wrong(text: str, position: int, fault: str) -> PlanError:
    rest = text[position : position + SHOWN].strip()
    return PlanError(f"order, character {position + 1}: {_short(rest)!r} {fault}; write it as (F3 F2) F1")


def _short(text: str) -> str:
    return text if len(text) < SHOWN else text[: SHOWN - 1] + "…"
