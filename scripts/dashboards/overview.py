"""Is all well, how much is done, and how fast."""

from dashboards.grafana import GREEN, RED, YELLOW, Dashboard, Metrics, Query, Row
from dashboards.promql import per_minute, quantile, recent

ALARMING = ((1, RED),)

NOW = Row(
    "Is all well?",
    [
        Metrics(
            title="Alerts",
            says="Alerts that fire now. Good: 0. What to do stands in docs/runbooks.md under the alert's "
            "name.",
            unit="short",
            shown="stat",
            limits=ALARMING,
            queries=[Query('count(ALERTS{alertstate="firing", severity=~"critical|warning"}) or vector(0)')],
            width=4,
            height=4,
        ),
        Metrics(
            title="Services ready",
            says="Services of which a process can do its work right now. Good: 5 of 5.",
            unit="short",
            shown="stat",
            limits=((5, GREEN),),
            below=RED,
            queries=[Query("sum(max by (job) (ledgerbus_service_ready)) or vector(0)")],
            width=4,
            height=4,
        ),
        Metrics(
            title="Oldest message",
            says="Age of the oldest message in hand, job requests aside, which last as long as a reading. "
            "Good: a few seconds.",
            unit="s",
            shown="stat",
            limits=((10, YELLOW), (60, RED)),
            queries=[Query('max(ledgerbus_consumer_oldest_seconds{topic!="job.requested.v1"})')],
            width=4,
            height=4,
        ),
        Metrics(
            title="Consumers stopped",
            says="Consumers that gave up after twenty failures in a row. Good: 0; they go on only when the "
            "process is started again.",
            unit="short",
            shown="stat",
            limits=ALARMING,
            queries=[Query("sum(max by (topic, group) (ledgerbus_consumer_stopped)) or vector(0)")],
            width=4,
            height=4,
        ),
        Metrics(
            title="Parked, last 15 min",
            says="Messages that could not be handled and were parked. Good: 0.",
            unit="short",
            shown="stat",
            limits=ALARMING,
            queries=[Query("sum(job_topic_error:ledgerbus_dead_letters:new15m) or vector(0)")],
            width=4,
            height=4,
        ),
        Metrics(
            title="Time to drain",
            says="What waits for a free place, at the pace of the last half hour. Good: under an hour; a "
            "run expires after six.",
            unit="s",
            shown="stat",
            limits=((3600, YELLOW), (4 * 3600, RED)),
            queries=[
                Query(
                    'sum(reason_provider:ledgerbus_jobs_open{reason=~"queued|fairness"})'
                    " / sum(rate(ledgerbus_jobs_ended_total[30m]))"
                )
            ],
            width=4,
            height=4,
        ),
    ],
)

WORK = Row(
    "Work",
    [
        Metrics(
            title="Open jobs, by what they wait for",
            says="A job is one client's month. Good: `running` while there is work. `queued` and "
            "`fairness` wait for a free place; `rate_limited`, `daily_limit` and `provider_down` wait "
            "for the accounting system; `service_down` is ours, and never good.",
            unit="short",
            stacked=True,
            queries=[Query("sum by (reason) (reason_provider:ledgerbus_jobs_open)", "{{reason}}")],
        ),
        Metrics(
            title="Jobs ended a minute",
            says="Good: `written` and `unchanged`. `skipped` needs somebody at the firm, `failed` somebody "
            "here or there.",
            unit="short",
            stacked=True,
            queries=[Query(per_minute("ledgerbus_jobs_ended_total", by="ending"), "{{ending}}")],
        ),
        Metrics(
            title="Why jobs were skipped or failed",
            says="Good: empty. INTERNAL, UNREADABLE_ANSWER and PROVIDER_REJECTED_REQUEST are ours; "
            "NEEDS_AUTH and its like are the firms' to mend.",
            unit="short",
            stacked=True,
            queries=[
                Query(
                    'sum by (code) (ending_provider_code:ledgerbus_jobs_ended:new15m{code!=""})', "{{code}}"
                )
            ],
        ),
        Metrics(
            title="Open runs",
            says="Runs that have not ended. Good: it falls to 0 whenever nobody asks for more.",
            unit="short",
            queries=[Query("max by (kind) (ledgerbus_runs_open)", "{{kind}}")],
        ),
    ],
)

SPEED = Row(
    "How fast",
    [
        Metrics(
            title="From the request to the first job",
            says="Good: a reload starts within 2 s whatever else runs (the dashed line).",
            unit="s",
            limits=((2, YELLOW),),
            queries=[
                Query(quantile(0.5, "ledgerbus_jobs_start_duration_seconds", by="kind"), "{{kind}}, half"),
                Query(quantile(0.95, "ledgerbus_jobs_start_duration_seconds", by="kind"), "{{kind}}, 95 %"),
            ],
        ),
        Metrics(
            title="From the request to the end of the run",
            says="Good: reloads in seconds to minutes; a bulk takes what its clients and the limits take. "
            "At six hours it expires.",
            unit="s",
            queries=[
                Query(quantile(0.5, "ledgerbus_runs_duration_seconds", by="kind"), "{{kind}}, half"),
                Query(quantile(0.95, "ledgerbus_runs_duration_seconds", by="kind"), "{{kind}}, 95 %"),
            ],
        ),
        Metrics(
            title="Time left to the nearest deadline",
            says="Of all open runs. Good: hours. It stands still while all of a run's jobs wait for a "
            "daily limit or a provider.",
            unit="s",
            queries=[Query("min by (kind) (ledgerbus_runs_deadline_left_seconds)", "{{kind}}")],
        ),
        Metrics(
            title="Readings at once",
            says="What all workers read now. Good: it follows the open jobs up to the orchestrator's slots.",
            unit="short",
            queries=[Query("sum(ledgerbus_readings_running)", "readings")],
        ),
    ],
)

ANSWERS = Row(
    "What the platform hears",
    [
        Metrics(
            title="Answers to requests, last 15 min",
            says="Good: `accepted`; `joined` is somebody who clicks twice. Rejections with INVALID_REQUEST "
            "are a fault of the platform.",
            unit="short",
            stacked=True,
            queries=[
                Query(
                    f"sum by (kind, answer, code) ({recent('ledgerbus_requests_answered_total')})",
                    "{{kind}} {{answer}} {{code}}",
                )
            ],
        ),
        Metrics(
            title="Runs ended, and receipts sent, last 15 min",
            says="Good: as many receipts as runs, and most `completed`. A receipt sent again counts again.",
            unit="short",
            queries=[
                Query("sum by (ending) (kind_ending:ledgerbus_runs_ended:new15m)", "run {{ending}}"),
                Query("sum(ending:ledgerbus_receipts_published:new15m)", "receipts"),
            ],
        ),
        Metrics(
            title="Results at the summary writer, last 15 min",
            says="Good: `updated` and `unchanged`. `refused` means credentials that changed under way, or "
            "clocks that disagree.",
            unit="short",
            stacked=True,
            queries=[Query("outcome:ledgerbus_summaries_results:new15m", "{{outcome}}")],
        ),
        Metrics(
            title="Webhooks: attempts of the last 15 min",
            says="Good: `delivered`. One outcome for all firms at once is our network; one firm's is told "
            "to that firm.",
            unit="short",
            stacked=True,
            queries=[Query("outcome:ledgerbus_webhooks_deliveries:new15m", "{{outcome}}")],
        ),
    ],
)

OVERVIEW = Dashboard(
    uid="ledgerbus-overview",
    title="ledgerbus: overview",
    says="Is all well, how much is done, and how fast.",
    rows=[NOW, WORK, SPEED, ANSWERS],
)
