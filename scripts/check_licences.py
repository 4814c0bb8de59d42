"""Checks, without a network, what the locks bring in: pinned by hashes, under a licence we want."""

import re
import sys
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).parent.parent
# A package under anything else is looked at by a person, who adds the licence here or takes another package.
WANTED = re.compile(
    r"0BSD|Apache|\bBSD|\bISC\b|\bMIT\b|MPL|Mozilla Public|PSF|Python Software|Unlicense|Zlib|CC0"
    r"|Redistribution and use in source and binary forms"
)
# Started as programs of their own by the embedded stack, never imported; no service's image has them.
PROGRAMS = {"secantusdb": "GPL-2.0-only AND CC-BY-4.0"}
EMBEDDED = {"requirements.lock", "ledgerbus-cli.lock"}
_PACKAGE = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)==(?P<rest>[^\n]*)\n(?P<hashes>(?: +[^\n]*\n)*)", re.MULTILINE
)
_HASHES = re.compile(r"(?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+")


def main() -> int:
    """0 when all fits."""
    images = sorted((ROOT / "deploy" / "locks").glob("*.lock"))
    problems = [problem for lock in (ROOT / "requirements.lock", *images) for problem in in_lock(lock)]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


def in_lock(lock: Path) -> list[str]:
    """What is wrong with a lock; packages that this machine does not need are not installed, nor checked."""
    found = list(_PACKAGE.finditer(lock.read_text()))
    unpinned = [one["name"] for one in found if not _HASHES.fullmatch(one["hashes"])]
    programs = [one["name"] for one in found if one["name"] in PROGRAMS and lock.name not in EMBEDDED]
    unwanted = [told for one in found if (told := _unwanted(one["name"]))]
    return [
        *(f"{lock.name}: no package is pinned" for _ in range(not found)),
        *(f"{lock.name}: {name} has no hash" for name in unpinned),
        *(f"{lock.name}: {name} is for the embedded stack only" for name in programs),
        *(f"{lock.name}: {told}" for told in unwanted),
    ]


def _unwanted(name: str) -> str | None:
    try:
        told = _licence(metadata(name))
    except PackageNotFoundError:
        return None
    return (
        None if WANTED.search(told) or PROGRAMS.get(name) == told else f"{name} is under: {told[:80] or '?'}"
    )


def _licence(package: PackageMetadata) -> str:
    """The expression, else the classifiers, else whatever text stands there."""
    classifiers = [one for one in package.get_all("Classifier") or [] if one.startswith("License ::")]
    told = [*filter(None, [*(package.get_all("License-Expression") or []), " ".join(classifiers)])]
    return str([*told, *(package.get_all("License") or []), ""][0])


if __name__ == "__main__":
    sys.exit(main())
