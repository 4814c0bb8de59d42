"""A customer's site: what a user pastes, and the only hosts that it can lead to."""

import re
from dataclasses import dataclass

# Every site has a name of its own below one of the vendor's two domains.
ENDPOINTS = {"com": "https://{site}.scoro.com/api/v2", "ee": "https://{site}.scoro.ee/api/v2"}
USUAL = "com"
# A name, or a copied address: whatever stands behind the domain is cut off, and another domain is refused.
PATTERN = (
    r"(?:[Hh][Tt][Tt][Pp][Ss]?://)?"
    r"([A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)"
    r"(?:\.[Ss][Cc][Oo][Rr][Oo]\.([Cc][Oo][Mm]|[Ee][Ee])(?::[0-9]{1,5})?)?"
    r"(?:[/?#].*)?"
)


@dataclass(frozen=True, slots=True)
class Site:
    """A name below a domain; `str` is the shortest text that names it."""

    name: str
    domain: str

    def __str__(self) -> str:
        return self.name if self.domain == USUAL else f"{self.name}.scoro.{self.domain}"


def site_of(text: str) -> Site:
    """The site that a text of the pattern's form names; ValueError otherwise."""
    found = re.fullmatch(PATTERN, text)
    if found is None:
        raise ValueError("not a Scoro site")
    return Site(found[1].lower(), (found[2] or USUAL).lower())
