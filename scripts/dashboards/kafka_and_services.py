"""Processes and the messages between them."""

from dashboards.grafana import GREEN, RED, YELLOW, Dashboard, Metrics, Query, Row, label_variable
from dashboards.promql import per_minute, quantile

CHOSEN = 'job=~"$job"'
HTTP = "http_server_request_duration_seconds"
# A red /ready is an alert of its own.
ASKED = f'{CHOSEN}, http_route!~"/ready|/live"'
FAILED = 'http_response_status_code=~"5.."'

SERVICES = Row(
    "Services",
    [
        Metrics(
            title="Ready processes",
            says="Processes that can do their work. Good: at least one each; 0 is told by /ready with the "
            "reason.",
            unit="short",
            shown="bargauge",
            limits=((1, GREEN),),
            below=RED,
            queries=[Query(f"sum by (job) (ledgerbus_service_ready{{{CHOSEN}}})", "{{job}}")],
        ),
        Metrics(
            title="How long processes stand still, 99 %",
            says="How much later the event loop comes round than it should. Good: under 0.1 s; from 0.5 s "
            "(the dashed line) heartbeats suffer.",
            unit="s",
            limits=((0.5, YELLOW),),
            queries=[
                Query(quantile(0.99, "ledgerbus_event_loop_lag_seconds", by="job", where=CHOSEN), "{{job}}")
            ],
        ),
        Metrics(
            title="Time to write a batch of summaries",
            says="Good: under 0.5 s. Above 2.5 s (the dashed line) look at MongoDB.",
            unit="s",
            limits=((2.5, YELLOW),),
            queries=[
                Query(quantile(0.5, "ledgerbus_writer_batch_duration_seconds", by="job"), "half"),
                Query(quantile(0.95, "ledgerbus_writer_batch_duration_seconds", by="job"), "95 %"),
            ],
        ),
        Metrics(
            title="Results in a batch",
            says="On average. Good: it grows with the load, up to 200, for a write for many costs little "
            "more than for one.",
            unit="short",
            queries=[
                Query(
                    "sum(rate(ledgerbus_writer_batch_size_sum[$__rate_interval]))"
                    " / sum(rate(ledgerbus_writer_batch_size_count[$__rate_interval]))",
                    "results",
                )
            ],
        ),
    ],
)

MESSAGES = Row(
    "Messages",
    [
        Metrics(
            title="Age of the oldest message",
            says="In hand, not yet dealt with. Good: seconds; a job request until its reading ends, up to "
            "280 s. From 60 s (the dashed line) elsewhere something is stuck.",
            unit="s",
            limits=((60, RED),),
            queries=[
                Query(f"max by (topic) (ledgerbus_consumer_oldest_seconds{{{CHOSEN}}}) > 0", "{{topic}}")
            ],
        ),
        Metrics(
            title="Messages not yet committed",
            says="Good: near 0 when idle, and falling after a burst. What a window holds in flight counts "
            "too.",
            unit="short",
            queries=[
                Query(
                    # Of a group each process tells its own partitions; without one each tells all of them.
                    f'sum by (topic) (ledgerbus_consumer_lag{{{CHOSEN}, group!="none"}}) > 0'
                    f' or max by (topic) (ledgerbus_consumer_lag{{{CHOSEN}, group="none"}}) > 0',
                    "{{topic}}",
                )
            ],
        ),
        Metrics(
            title="Messages parked, last 15 min",
            says="By topic and type of error. Good: empty. `ledgerbus dead-letters list --waiting` tells "
            "which.",
            unit="short",
            stacked=True,
            queries=[
                Query(f"job_topic_error:ledgerbus_dead_letters:new15m{{{CHOSEN}}} > 0", "{{topic}} {{error}}")
            ],
        ),
        Metrics(
            title="Stopped consumers",
            says="1: stopped after twenty failures in a row, until the process is started again. Good: "
            "empty.",
            unit="short",
            limits=((1, RED),),
            queries=[
                Query(
                    f"max by (job, topic) (ledgerbus_consumer_stopped{{{CHOSEN}}}) > 0", "{{job}} {{topic}}"
                )
            ],
        ),
        Metrics(
            title="Facts that came too late, a minute",
            width=24,
            height=6,
            says="About older attempts or ended runs; they change nothing. Good: few. Many after a restart "
            "are redeliveries.",
            unit="short",
            stacked=True,
            queries=[Query(per_minute("ledgerbus_facts_ignored_total", by="topic"), "{{topic}}")],
        ),
    ],
)

OVER_HTTP = Row(
    "HTTP",
    [
        Metrics(
            title="Time of an answer, 95 %",
            says="By route, health aside. Good: under 0.5 s; leases and tests that ask an accounting system "
            "take as long as it does.",
            unit="s",
            queries=[
                Query(quantile(0.95, HTTP, by="job, http_route", where=ASKED), "{{job}} {{http_route}}"),
            ],
        ),
        Metrics(
            title="Answers with 5xx, a minute",
            says="Good: empty. Readings whose lease fails so wait and are tried again; people see an error.",
            unit="short",
            stacked=True,
            queries=[
                Query(
                    per_minute(f"{HTTP}_count", by="job, http_route", where=f"{ASKED}, {FAILED}") + " > 0",
                    "{{job}} {{http_route}}",
                )
            ],
        ),
    ],
)

WEBHOOKS = Row(
    "Webhooks",
    [
        Metrics(
            title="Webhooks that wait",
            says="Due, or to be tried again. Good: near 0, with a tail for endpoints that are down.",
            unit="short",
            queries=[Query("max(ledgerbus_webhooks_waiting)", "waiting")],
        ),
        Metrics(
            title="Webhooks given up, and endpoints switched off, last 15 min",
            says="Good: empty. The firm is told of an endpoint that was switched off, and can replay.",
            unit="short",
            queries=[
                Query("reason:ledgerbus_webhooks_dead_letters:new15m", "given up: {{reason}}"),
                Query("reason:ledgerbus_webhooks_disabled:new15m", "switched off: {{reason}}"),
            ],
        ),
    ],
)

KAFKA_AND_SERVICES = Dashboard(
    uid="ledgerbus-services",
    title="ledgerbus: Kafka and services",
    says="Processes and the messages between them.",
    rows=[SERVICES, MESSAGES, OVER_HTTP, WEBHOOKS],
    variables=[label_variable("job", "service", "ledgerbus_service_ready")],
)
