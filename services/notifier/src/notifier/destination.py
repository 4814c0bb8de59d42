"""Where a webhook may go: not into our own network, whatever the address is called."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from pydantic import HttpUrl

Address = IPv4Address | IPv6Address

# Addresses that carry another one inside, and so lead to wherever that one leads.
_TUNNELS = tuple(
    IPv6Network(network)
    for network in ("::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16")
)


class UrlRefusedError(Exception):
    """The address may not be delivered to; the text says why, without quoting it."""


class AddressRefusedError(OSError):
    """A connection would have led to an address that is not public."""

    def __init__(self) -> None:
        super().__init__("the address is not public")  # the same text each time: aiohttp then keeps the type


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationRules:
    """What this installation allows; an empty `ports` allows every port."""

    allow_http: bool = False
    allow_private: bool = False
    ports: tuple[int, ...] = (443, 8443)

    def check_url(self, url: HttpUrl) -> None:
        """UrlRefusedError for an address that is wrong as it is written."""
        if url.scheme != "https" and not self.allow_http:
            raise UrlRefusedError("The address has to begin with https://.")
        if url.username or url.password:
            raise UrlRefusedError("The address may not hold a name or password; check the signature instead.")
        if url.fragment is not None:
            raise UrlRefusedError("The address may not have a part after #.")
        if self.ports and url.port not in self.ports:
            raise UrlRefusedError(f"The port has to be one of {', '.join(map(str, self.ports))}.")

    def check_addresses(self, addresses: Iterable[Address]) -> None:
        """UrlRefusedError unless a host has addresses and all of them may be connected to."""
        found = list(addresses)
        if not found:
            raise UrlRefusedError("The host is not known; check its name.")
        if not all(map(self.allows, found)):
            raise UrlRefusedError("The host is not on the public internet.")

    def check_connection(self, address: str) -> None:
        """AddressRefusedError unless a socket may be connected to the address."""
        if not self.allows(ip_address(address)):
            raise AddressRefusedError

    def allows(self, address: Address) -> bool:
        return self.allow_private or is_public(address)


def is_public(address: Address) -> bool:
    """A unicast address of the internet that stands for itself alone."""
    if isinstance(address, IPv6Address) and any(address in tunnel for tunnel in _TUNNELS):
        return False
    special = (
        address.is_multicast,
        address.is_reserved,
        address.is_unspecified,
        address.is_loopback,
        address.is_link_local,
        address.is_private,
        isinstance(address, IPv6Address) and address.is_site_local,
    )
    return address.is_global and not any(special)
