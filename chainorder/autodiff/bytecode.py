"""What names the code of a function reads, found in its bytecode."""

from __future__ import annotations

import dis
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from types import CodeType
from typing import TypeAlias

Path: TypeAlias = tuple[str, ...]
"""A variable, and the attributes that are read from it at once: ``("np", "random", "rand")``."""

GLOBAL = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "DELETE_GLOBAL"})
FREE = frozenset({"LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF"})
ATTRIBUTE = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
ANY_ATTRIBUTE = ATTRIBUTE | {"LOAD_SUPER_ATTR", "STORE_ATTR", "DELETE_ATTR"}
IMPORTS = frozenset({"IMPORT_NAME", "IMPORT_FROM", "IMPORT_STAR"})
MATCHES = frozenset({"CHECK_EXC_MATCH", "CHECK_EG_MATCH"})
SILENT = frozenset({"EXTENDED_ARG", "CACHE"})
"""They may stand between a variable and its attribute."""


@dataclass(frozen=True)
class Names:
    """The names that code reads or writes, that of the functions and classes defined in it too.

    Attributes
    ----------
    variables
        Globals (and builtins).
    free
        Variables of enclosing functions.
    attributes
        Attributes of anything.
    imports
        Whether it imports.
    handles
        Whether it handles exceptions (`finally` and `with` let them pass).
    """

    variables: frozenset[Path] = frozenset()
    free: frozenset[Path] = frozenset()
    attributes: frozenset[str] = frozenset()
    imports: bool = False
    handles: bool = False


@lru_cache(maxsize=4096)
def names_in(code: CodeType) -> Names:
    """The names in some code."""
    variables, free = list[Path](), list[Path]()
    attributes, opcodes = set[str](), [each.opname for each in dis.get_instructions(code)]
    chain: list[Path] | None = None  # where the variable stands whose attributes may follow
    for each in dis.get_instructions(code):
        match each.opname:
            case name if name in SILENT:
                continue
            case name if name in ATTRIBUTE and chain:
                chain[-1] += (each.argval,)
            case name if name in GLOBAL:
                chain = variables
                chain.append((each.argval,))
            case name if name in FREE and each.argval in code.co_freevars:
                chain = free
                chain.append((each.argval,))
            case _:
                chain = None
        if each.opname in ANY_ATTRIBUTE:
            attributes.add(each.argval)
    inner = [names_in(constant) for constant in code.co_consts if isinstance(constant, CodeType)]
    outer = {path for each in inner for path in each.free if path[0] in code.co_freevars}
    return Names(
        frozenset(variables).union(*(each.variables for each in inner)),
        frozenset(free) | outer,
        frozenset(attributes).union(*(each.attributes for each in inner)),
        not IMPORTS.isdisjoint(opcodes) or any(each.imports for each in inner),
        _handles(opcodes) or any(each.handles for each in inner),
    )


def _handles(opcodes: list[str]) -> bool:
    bare = ("PUSH_EXC_INFO", "POP_TOP") in pairwise(opcodes)
    return bare or not MATCHES.isdisjoint(opcodes)
