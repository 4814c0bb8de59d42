"""One accounting firm: what it asked for, and what came of it."""

from dashboards.grafana import Dashboard, Note, Row, Traces, text_variable

TAGS = 'ledgerbus.company_id="${company_id}"'
FAILED = f"{TAGS} error=true"

HONEST = """\
Metrics know no company: an id in a label would make a series for each, and tell whoever sees the metrics
who the customers are. **Exact** is what the HTTP API answers to a token of that company (a link cannot
carry the header `Authorization`: a browser without it gets 401):

[runs](${orchestrator}/v1/runs) · [connections](${credentials}/v1/connections) ·
[summaries](${summaries}/v1/summaries) · [webhooks](${notifier}/v1/webhooks)

By hand: `ledgerbus runs --company ${company_id}`, `ledgerbus connections --company ${company_id}`,
`ledgerbus summaries --company ${company_id}`, `ledgerbus dead-letters list --company ${company_id}`.

The **traces** below are what was sampled and is still kept, at most 100 a table: examples, not counts."""

ONE_COMPANY = Dashboard(
    uid="ledgerbus-company",
    title="ledgerbus: one company",
    says="One accounting firm: its traces, and the way to what the services answer.",
    since="now-24h",
    variables=[
        text_variable("company_id", "company"),
        text_variable("orchestrator", "orchestrator", "http://localhost:8002"),
        text_variable("credentials", "credentials", "http://localhost:8001"),
        text_variable("summaries", "summary-writer", "http://localhost:8004"),
        text_variable("notifier", "notifier", "http://localhost:8005"),
    ],
    rows=[
        Row("What this page can tell", [Note(title="Where the truth is", text=HONEST, height=8)]),
        Row(
            "Traces",
            [
                Traces(
                    title="Requests and runs",
                    says="At the orchestrator. Good: what the firm asked for, each with an answer.",
                    service="sync-orchestrator",
                    tags=TAGS,
                ),
                Traces(
                    title="Readings",
                    says="At the workers, with the calls of the accounting system inside. Good: seconds.",
                    service="connector-workers",
                    tags=TAGS,
                ),
                Traces(
                    title="Readings with an error",
                    says="A span inside failed: a call without an answer, or one answered 4xx or 5xx. "
                    "Good: empty.",
                    service="connector-workers",
                    tags=FAILED,
                ),
                Traces(
                    title="Connections",
                    says="Saved, deleted, refused, well again. Good: no more than people did.",
                    service="credentials",
                    tags=TAGS,
                ),
                Traces(
                    title="Receipts and webhooks",
                    says="At the notifier. Good: one receipt for each run.",
                    service="notifier",
                    tags=TAGS,
                ),
                Traces(
                    title="Summaries",
                    says="At the summary writer. Good: one for each month read.",
                    service="summary-writer",
                    tags=TAGS,
                ),
            ],
        ),
    ],
)
