from ipaddress import ip_address

import pytest
from notifier.destination import AddressRefusedError, DestinationRules, UrlRefusedError, is_public
from pydantic import HttpUrl

RULES = DestinationRules()

NOT_PUBLIC = {
    "loopback": "127.0.0.1",
    "loopback elsewhere": "127.9.9.9",
    "loopback, version 6": "::1",
    "private, 10": "10.1.2.3",
    "private, 172": "172.16.0.1",
    "private, 192": "192.168.1.1",
    "private, version 6": "fd00::1",
    "site-local": "fec0::1",
    "carrier": "100.64.0.1",
    "link-local": "169.254.1.1",
    "cloud's metadata": "169.254.169.254",
    "link-local, version 6": "fe80::1",
    "link-local with zone": "fe80::1%eth0",
    "multicast": "224.0.0.1",
    "multicast, version 6": "ff02::1",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "benchmarks": "198.18.0.1",
    "documentation": "203.0.113.9",
    "unspecified": "0.0.0.0",
    "unspecified, version 6": "::",
    "this network": "0.1.2.3",
    "mapped loopback": "::ffff:127.0.0.1",
    "mapped public": "::ffff:8.8.8.8",
    "compatible": "::7f00:1",
    "NAT64": "64:ff9b::7f00:1",
    "NAT64 of a network's own": "64:ff9b:1::7f00:1",
    "6to4": "2002:7f00:1::1",
    "Teredo": "2001:0:7f00:1::1",
}


@pytest.mark.parametrize("address", NOT_PUBLIC.values(), ids=NOT_PUBLIC)
def test_what_is_not_on_the_public_internet_gets_nothing(address: str) -> None:
    assert not is_public(ip_address(address))
    with pytest.raises(AddressRefusedError):
        RULES.check_connection(address)
    with pytest.raises(UrlRefusedError, match="public"):
        RULES.check_addresses([ip_address("8.8.8.8"), ip_address(address)])
    DestinationRules(allow_private=True).check_connection(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111"])
def test_public_addresses_may_be_delivered_to(address: str) -> None:
    RULES.check_connection(address)
    RULES.check_addresses([ip_address(address)])


def test_a_host_without_addresses_is_refused() -> None:
    with pytest.raises(UrlRefusedError, match="not known"):
        RULES.check_addresses([])


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://hooks.example.com/", "https"),
        ("https://me@hooks.example.com/", "name or password"),
        ("https://me:secret@hooks.example.com/", "name or password"),
        ("https://hooks.example.com/#part", "#"),
        ("https://hooks.example.com:22/", "port"),
        ("https://hooks.example.com:80/", "port"),
    ],
)
def test_an_address_that_is_wrong_as_written_is_refused_without_being_quoted(url: str, why: str) -> None:
    with pytest.raises(UrlRefusedError, match=why) as refused:
        RULES.check_url(HttpUrl(url))

    assert "example" not in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["https://hooks.example.com/a?b=c", "https://hooks.example.com:8443/"])
def test_good_addresses_pass(url: str) -> None:
    RULES.check_url(HttpUrl(url))


def test_settings_may_allow_http_and_every_port() -> None:
    DestinationRules(allow_http=True, ports=()).check_url(HttpUrl("http://hooks.example.com:9000/"))


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1"])
def test_other_ways_to_write_an_address_are_that_address(host: str) -> None:
    assert HttpUrl(f"https://{host}/").host == "127.0.0.1"
