"""Which profile holds: one that is named, the one of this machine, or the one that comes with the package."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from chainorder.costs.machine import Machine
from chainorder.costs.profile import REMEDY, Profile, profiles_of_json
from chainorder.errors import ProfileError
from chainorder.reading.wording import shortened
from chainorder.structures.number_types import DTYPES
from chainorder.system.folders import cache_folder

VARIABLE = "CHAINORDER_PROFILE"
"""Environment variable that names the file of a profile."""

SHIPPED = Path(__file__).with_name("shipped_profile.json")


def current(dtype: str | None = None) -> Profile:
    """The profile by which plans are made if nobody gives one, of a type of numbers: by default float64.

    The file that `VARIABLE` names; else what ``chainorder calibrate`` kept for this machine; else the one
    that comes with the package, which says so in its name.

    Raises
    ------
    ProfileError
        If that file cannot be read, is no profile, or holds no such type.
    """
    file, wanted = source(), DTYPES[0] if dtype is None else dtype
    named = os.environ.get(VARIABLE)
    # Of a machine that was calibrated for other types of numbers only, nothing is known of these.
    return read_profile(file if named or wanted in read_profiles(file) else SHIPPED, dtype)


def source() -> Path:
    """The file that `current` reads."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    kept = kept_at()
    return kept if kept.is_file() else SHIPPED


def measured() -> bool:
    """Whether there is a profile that somebody made: named, or kept for this machine."""
    if os.environ.get(VARIABLE):
        return True
    return any(cache_folder().glob("profile-*.json")) and kept_at().is_file()


def kept() -> Profile | None:
    """The profile that was kept for this machine, unless another one is named; None if there is none."""
    file = kept_at()
    return None if os.environ.get(VARIABLE) or not file.is_file() else read_profile(file)


def kept_at(machine: Machine | None = None) -> Path:
    """Where the profile of a machine, by default of this one, is kept: in the user's cache folder."""
    here = Machine.here() if machine is None else machine
    return cache_folder() / f"profile-{here.digest}.json"


def read_profile(file: Path, dtype: str | None = None) -> Profile:
    """The profile of a type of numbers in a file, by default of float64.

    Raises
    ------
    ProfileError
        If it cannot be read, is no profile, or holds no such type.
    """
    held, wanted = read_profiles(file), DTYPES[0] if dtype is None else dtype
    if wanted not in held:
        raise ProfileError(f"{shortened(file)}: holds {', '.join(held)}, not {wanted}; {REMEDY}")
    return held[wanted]


def read_profiles(file: Path) -> dict[str, Profile]:
    """All profiles in a file, by their types of numbers; raises `ProfileError`, too."""
    try:
        changed = file.stat().st_mtime_ns
        return _read(file, changed)
    except OSError as error:
        raise ProfileError(
            f"{shortened(file)}: cannot be read ({error.strerror}); {REMEDY} -o FILE"
        ) from None
    except UnicodeDecodeError:
        raise ProfileError(f"{file}: no profile, for it is no text; {REMEDY} -o FILE") from None
    except ValueError as error:  # a name with a null byte
        raise ProfileError(f"{shortened(file)}: cannot be read ({error}); {REMEDY} -o FILE") from None


@lru_cache(maxsize=8)
def _read(file: Path, changed: int) -> dict[str, Profile]:
    return profiles_of_json(file.read_text(encoding="utf-8"), str(file))
