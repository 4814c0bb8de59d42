"""One run: where it is, by its traces and by what the orchestrator answers."""

from dashboards.grafana import WIDTH, Dashboard, Note, Row, Trace, Traces, text_variable

TAGS = 'ledgerbus.run_id="${run_id}"'

HONEST = """\
Metrics know no run: an id in a label would make a series for each. So this page has no numbers of its own.
**Exact** are the answers of the HTTP API, which need a person's token of the run's company (the header
`Authorization`, which a link cannot carry: a browser without it gets 401):

[`/v1/runs/${run_id}`](${orchestrator}/v1/runs/${run_id}) state and progress ·
[`/jobs`](${orchestrator}/v1/runs/${run_id}/jobs) each client and month, and why it waits ·
[`/lines`](${orchestrator}/v1/runs/${run_id}/lines) the receipt's lines ·
[receipt](${notifier}/v1/receipts/${run_id}) as it was sent

By hand: `ledgerbus runs ${run_id}`, `ledgerbus watch ${run_id}`, `ledgerbus cancel ${run_id}`, `ledgerbus
retry ${run_id}`.

The **traces** below are what was sampled and is still kept, at most 100 a table. The run has one trace;
each of its jobs has its own, linked to it. Without Jaeger the tables are empty, which says nothing about
the run."""

ONE_RUN = Dashboard(
    uid="ledgerbus-run",
    title="ledgerbus: one run",
    says="Where one run is: its traces, and the way to what the orchestrator answers.",
    since="now-24h",
    variables=[
        text_variable("run_id", "run"),
        text_variable("trace_id", "trace"),
        text_variable("orchestrator", "orchestrator", "http://localhost:8002"),
        text_variable("notifier", "notifier", "http://localhost:8005"),
    ],
    rows=[
        Row("What this page can tell", [Note(title="Where the truth is", text=HONEST, height=9)]),
        Row(
            "Traces",
            [
                Traces(
                    title="Its jobs",
                    says="A trace for each job, from its plan to its end. Good: one for each client and "
                    "month.",
                    service="sync-orchestrator",
                    operation="job",
                    tags=TAGS,
                ),
                Traces(
                    title="Messages about it at the orchestrator",
                    says="Accepting, progress, the end. Good: run.accepted and run.finished are among them.",
                    service="sync-orchestrator",
                    tags=TAGS,
                ),
                Traces(
                    title="Its readings",
                    says="At the workers, with the calls of the accounting system inside. Good: none much "
                    "longer than the others.",
                    service="connector-workers",
                    tags=TAGS,
                ),
                Traces(
                    title="Its summaries",
                    says="At the summary writer. Good: one for each month read.",
                    service="summary-writer",
                    tags=TAGS,
                ),
                Traces(
                    title="Its receipt",
                    says="At the notifier. Good: one that publishes sync.completed.",
                    service="notifier",
                    tags=TAGS,
                ),
                Trace(
                    title="One trace whole",
                    says="Put a trace id from a table above into `trace`. Good: no red, and no gap between "
                    "two messages.",
                    variable="trace_id",
                    width=WIDTH,
                ),
            ],
        ),
    ],
)
