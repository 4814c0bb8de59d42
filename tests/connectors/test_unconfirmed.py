"""What nobody has confirmed of a vendor stands in its connector's docstring, with the place to mend it."""

import re
from importlib import import_module
from pathlib import Path

import pytest
from sync_contracts.providers import Provider

PLACE = re.compile(r"`([\w.*]+)`")


def package_of(provider: Provider) -> str:
    return f"connectors.{provider.replace('-', '_')}"


def unconfirmed(provider: Provider) -> str:
    """The docstring's last sentence, in one line."""
    said = import_module(f"{package_of(provider)}.connector").__doc__ or ""
    assert said.count("*Unconfirmed*: ") == 1, "one sentence names all that is unconfirmed"
    return " ".join(said.partition("*Unconfirmed*: ")[2].split())


@pytest.mark.parametrize("provider", Provider)
def test_each_unconfirmed_fact_names_the_place_to_mend_it(provider: Provider) -> None:
    facts = re.split(r"(?<=\)), ", unconfirmed(provider).rstrip("."))

    assert facts
    for fact in facts:
        assert re.search(r"\(`[^)]*`\)$", fact), f"{fact}: no place"


@pytest.mark.parametrize("provider", Provider)
def test_the_places_are_there(provider: Provider) -> None:
    folder = Path(import_module(package_of(provider)).__file__ or "").parent
    sources = {path.name: path.read_text() for path in folder.glob("*.py")}
    code = "\n".join(re.sub(r'""".*?"""', "", text, flags=re.DOTALL) for text in sources.values())

    for place in PLACE.findall(unconfirmed(provider)):
        name = re.escape(place).replace(r"\*", r"\w*")
        defined = rf"(^\s*(async )?(def|class) {name}\b|^.*\b{name}\b.* =|name=\"{name}\")"
        assert place in sources or re.search(defined, code, re.MULTILINE), f"{place} is not in {folder.name}"
