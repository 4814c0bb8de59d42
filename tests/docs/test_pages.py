"""What pages refer to is there: files, headings, commands with their options."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.named_commands import follow, named_in

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for page in (
        *ROOT.glob("*.md"),
        *(
            each
            for top in ("docs", "cli", "deploy", "libs", "sandbox", "schemas", "services")
            for each in (ROOT / top).rglob("*.md")
        ),
    )
    if not any(part.startswith(".") for part in page.relative_to(ROOT).parts)
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_link_leads_somewhere(page: Path) -> None:
    lost = [link for link in _links(page.read_text()) if not _is_there(page, link)]

    assert lost == []


# What has changed is told with the words of then.
@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if page.name != "CHANGELOG.md"],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_each_command_exists_with_its_options(page: Path) -> None:
    for line in named_in(page.read_text()):
        follow(line)


def _links(text: str) -> Iterator[str]:
    without_code = re.sub(r"^```.*?^```|`[^`\n]*`", "", text, flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)|(?:href|src)=\"([^\"]+)\"", without_code):
        target = "".join(link)
        if not target.startswith(("http://", "https://", "mailto:")):
            yield target


def _is_there(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    return target.exists() and (not anchor or anchor in _anchors(target.read_text()))


def _anchors(text: str) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
