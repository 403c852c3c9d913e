"""A spec before it is a file, and the ways to write it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import yaml
from hypothesis import strategies as st

FORMS = (".json", ".yaml", ".yml", ".jsonl")


@dataclass(frozen=True)
class Spec:
    """A spec as plain data, and the contents of the files that it names."""

    data: Any
    files: Mapping[str, bytes] = field(default_factory=dict)


def written(data: Any, form: str) -> bytes:
    """The text of a spec; `form` is one of `FORMS`. YAML is in blocks (.yaml) or all flow (.yml)."""
    text = json.dumps(data)
    if form == ".yaml":
        with suppress(UnicodeError):  # a lone surrogate can be written in JSON's way only
            text = yaml.dump(data, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False)
    elif form == ".jsonl":
        text = "".join(json.dumps(chain) + "\n" for chain in lines_of(data))
    return text.encode("utf-8", errors="surrogatepass")


def lines_of(data: Any) -> list[Any]:
    """The chains of a spec one by one, as JSON Lines hold them."""
    chains = data.get("chains") if isinstance(data, dict) else None
    return chains if isinstance(chains, list) else [data]


NAMES = st.sampled_from(("F", "step", "größe", "a b", "🙂", "=1+1", "x" * 70, "-", "1", "true", "a,b", '"'))
