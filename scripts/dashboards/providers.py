"""How each accounting system answers, what it allows, and what waits for it."""

from dashboards.grafana import YELLOW, Dashboard, Metrics, Query, Row, label_variable
from dashboards.promql import per_minute, quantile, recent

CHOSEN = 'provider=~"$provider"'
UNANSWERED = 'status=~"5xx|none"'
DURATION = "ledgerbus_provider_call_duration_seconds"

ANSWERS = Row(
    "How it answers",
    [
        Metrics(
            title="Calls a minute",
            says="All calls, signing in included. Good: it follows the jobs; calls without jobs are a fault.",
            unit="short",
            queries=[Query(per_minute(f"{DURATION}_count", by="provider", where=CHOSEN), "{{provider}}")],
        ),
        Metrics(
            title="Time of a call, 95 %",
            says="Good: under 2 s. Above 10 s (the dashed line) readings come near the time they may take.",
            unit="s",
            limits=((10, YELLOW),),
            queries=[Query(quantile(0.95, DURATION, by="provider", where=CHOSEN), "{{provider}}")],
        ),
        Metrics(
            title="Calls that failed",
            says="Share of calls with 5xx or without an answer. Good: under 1 %.",
            unit="percentunit",
            limits=((0.2, YELLOW),),
            queries=[
                Query(
                    f"sum by (provider) (rate({DURATION}_count{{{CHOSEN}, {UNANSWERED}}}[$__rate_interval]))"
                    f" / sum by (provider) (rate({DURATION}_count{{{CHOSEN}}}[$__rate_interval]))",
                    "{{provider}}",
                )
            ],
        ),
        Metrics(
            title="Answers a minute, by status",
            says="Good: 2xx. 4xx: refused access or a question that it does not take; 429: too fast; none: "
            "no answer in time.",
            unit="short",
            stacked=True,
            queries=[Query(per_minute(f"{DURATION}_count", by="status", where=CHOSEN), "{{status}}")],
        ),
        Metrics(
            title="Jobs ended, last 15 min",
            says="Months that ended, by system. Good: what was asked for.",
            unit="short",
            stacked=True,
            queries=[
                Query(
                    f"sum by (provider) (ending_provider_code:ledgerbus_jobs_ended:new15m{{{CHOSEN}}})",
                    "{{provider}}",
                )
            ],
        ),
        Metrics(
            title="Why its months were not read, last 15 min",
            says="Good: empty. Many NEEDS_AUTH at once: the installation's own key. UNREADABLE_ANSWER: the "
            "vendor changed something.",
            unit="short",
            stacked=True,
            queries=[
                Query(
                    "sum by (provider, code) (ending_provider_code:ledgerbus_jobs_ended:new15m"
                    f'{{{CHOSEN}, code!=""}})',
                    "{{provider}} {{code}}",
                )
            ],
        ),
    ],
)

LIMITS = Row(
    "What it allows",
    [
        Metrics(
            title="Calls left",
            logarithmic=True,
            says="The least that any account has left now, where the budget is known. Good: above 0; at 0 "
            "its jobs wait, and no other's.",
            unit="short",
            queries=[
                Query(
                    f"min by (provider, budget) (ledgerbus_provider_limit_left{{{CHOSEN}}})",
                    "{{provider}} {{budget}}",
                )
            ],
        ),
        Metrics(
            title="Told to slow down, a minute",
            says="429 and its like. Good: hardly any; more means that a limit is lower than the connector "
            "believes, or that somebody else uses it too.",
            unit="short",
            queries=[
                Query(
                    per_minute("ledgerbus_provider_throttles_total", by="provider", where=CHOSEN),
                    "{{provider}}",
                )
            ],
        ),
        Metrics(
            title="Open jobs, by what they wait for",
            says="Good: `running` and short waits. `daily_limit` lasts until the vendor's midnight.",
            unit="short",
            stacked=True,
            queries=[
                Query(
                    f"sum by (provider, reason) (reason_provider:ledgerbus_jobs_open{{{CHOSEN}}})",
                    "{{provider}} {{reason}}",
                )
            ],
        ),
        Metrics(
            title="Waits begun, a minute",
            says="How often a reading was put off. Good: 0 with short limits now and then.",
            unit="short",
            stacked=True,
            queries=[
                Query(
                    per_minute("ledgerbus_jobs_waits_total", by="provider, reason", where=CHOSEN),
                    "{{provider}} {{reason}}",
                )
            ],
        ),
    ],
)

ACCESS = Row(
    "Access, and sites",
    [
        Metrics(
            title="Renewals of access, last 15 min",
            says="Good: `renewed`. `failed` for many clients of one system at once is the installation's "
            "own key there.",
            unit="short",
            stacked=True,
            queries=[
                Query(
                    f"provider_outcome:ledgerbus_token_refreshes:new15m{{{CHOSEN}}}",
                    "{{provider}} {{outcome}}",
                )
            ],
        ),
        Metrics(
            title="Sites that were closed, last 15 min",
            says="A site is a server that answers clients; five accounts in a row without an answer close "
            "it to all. Good: empty.",
            unit="short",
            queries=[
                Query(f"sum by (provider) ({recent('ledgerbus_sites_closed_total')}) > 0", "{{provider}}")
            ],
        ),
    ],
)

PROVIDERS = Dashboard(
    uid="ledgerbus-providers",
    title="ledgerbus: accounting systems",
    says="How each accounting system answers, what it allows, and what waits for it.",
    rows=[ANSWERS, LIMITS, ACCESS],
    variables=[label_variable("provider", "accounting system", f"{DURATION}_count")],
)
