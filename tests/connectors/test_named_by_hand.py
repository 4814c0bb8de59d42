"""Where a provider is named by hand: a rule and pages that nothing generates."""

import re
import tomllib
from pathlib import Path

import pytest
from connectors.registry import connector_for
from sync_contracts.providers import Provider

ROOT = Path(__file__).parents[2]
KEPT_APART = "Providers' modules do not know each other"

pytestmark = pytest.mark.parametrize("provider", Provider)


def page(path: str) -> str:
    return (ROOT / path).read_text()


def test_an_import_rule_keeps_its_package_from_the_others(provider: Provider) -> None:
    rules = tomllib.loads(page("pyproject.toml"))["tool"]["importlinter"]["contracts"]

    (kept_apart,) = (rule["modules"] for rule in rules if rule["name"] == KEPT_APART)

    assert f"connectors.{provider.replace('-', '_')}" in kept_apart


@pytest.mark.parametrize(("path", "tables"), [("cli/README.md", 1), ("libs/connectors/README.md", 2)])
def test_tables_by_provider_have_its_row(provider: Provider, path: str, tables: int) -> None:
    rows = re.findall(rf"^\| {provider} (?:\(preview\) )?\|", page(path), re.MULTILINE)

    assert len(rows) == tables


def test_the_sandbox_s_page_tells_what_its_imitation_does(provider: Provider) -> None:
    assert f"\n### {provider}\n" in page("sandbox/README.md")


def test_the_changelog_tells_that_it_has_joined(provider: Provider) -> None:
    assert connector_for(provider).form.name in page("CHANGELOG.md")
