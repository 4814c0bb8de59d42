"""From evidence to findings: a pure function; nothing found means that every promise was kept."""

from ledgerbus_cli.chaos.checks_of_requests import check_requests
from ledgerbus_cli.chaos.checks_of_runs import check_runs
from ledgerbus_cli.chaos.checks_of_summaries import check_summaries
from ledgerbus_cli.chaos.checks_of_work import check_work
from ledgerbus_cli.chaos.evidence import Evidence
from ledgerbus_cli.chaos.findings import Fault, Finding

CHECKS = (check_requests, check_runs, check_summaries, check_work)


def judge(evidence: Evidence) -> list[Finding]:
    """What was lost, doubled, wrong or stuck, in this order."""
    found = {finding for check in CHECKS for finding in check(evidence)}
    order = list(Fault)
    return sorted(found, key=lambda one: (order.index(one.fault), one.rule, one.told))
