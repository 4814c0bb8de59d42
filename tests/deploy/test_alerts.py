"""Each alert is tested and leads to an entry; each entry belongs to one, and names commands that exist."""

import re

import pytest
import yaml
from support.named_commands import follow, named_in
from support.watching import PAGES, PROMETHEUS, RUNBOOKS, Json, alerts, panels

ALERTS = alerts()
ENTRIES = dict(re.findall(r"^## (\w+)\n(.*?)(?=^#|\Z)", RUNBOOKS.read_text(), re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_says_how_bad_it_is_and_leads_to_its_entry(alert: Json) -> None:
    assert alert["labels"]["severity"] in {"critical", "warning", "none"}
    assert alert["annotations"]["summary"].endswith((".", "}}"))
    assert alert["annotations"]["runbook_url"] == f"docs/runbooks.md#{alert['alert'].lower()}"


def test_alerts_and_entries_are_the_same() -> None:
    assert sorted(ENTRIES) == sorted({alert["alert"] for alert in ALERTS})


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_tells_what_is_seen_why_what_to_do_and_when_to_call_others(name: str) -> None:
    parts = re.findall(r"^\*\*(\w+)(?:\*\*|:\*\*)", ENTRIES[name], re.MULTILINE)

    assert parts == ["Seen", "Causes", "Do", "Escalate"]


def test_each_command_that_is_named_exists_with_its_options() -> None:
    pages = [
        panel["options"]["content"] for page in PAGES for panel in panels(page) if panel["type"] == "text"
    ]
    named = [line for text in (RUNBOOKS.read_text(), *pages) for line in named_in(text)]

    assert len(named) > 20
    for line in named:
        follow(line)


def test_each_panel_that_is_named_exists() -> None:
    titles = {panel["title"] for page in PAGES for panel in panels(page)}
    named = set(re.findall(r'"([A-Z][^"]+)"', RUNBOOKS.read_text()))

    assert named
    assert named <= titles


def test_each_alert_is_tested_to_fire_and_all_but_the_watchdog_not_to() -> None:
    fires: set[str] = set()
    does_not: set[str] = set()
    for path in (PROMETHEUS / "tests").glob("*.yml"):
        for case in (
            case for test in yaml.safe_load(path.read_text())["tests"] for case in test["alert_rule_test"]
        ):
            (fires if case.get("exp_alerts") else does_not).add(case["alertname"])

    assert fires == {alert["alert"] for alert in ALERTS}
    assert fires - does_not <= {"Watchdog"}
