"""The indexes that each service makes when it starts, by database and collection."""

from collections.abc import Mapping

INDEXES: Mapping[str, Mapping[str, frozenset[str]]] = {
    "credentials": {
        "connections": frozenset(
            {
                "company_id_1__id_1",
                "company_id_1_provider_1_client_id_1",
                "open_since_1",
                "probe_due_1",
                "renew_due_1",
                "terms.account_key_1",
                "terms.token_set_id_1",
                "warn_due_1",
            }
        ),
        "consents": frozenset({"forget_at_1", "holds_until_1"}),
        "token_sets": frozenset({"company_id_1_provider_1_name_1", "provider_1_owner_key_1", "refs_1"}),
    },
    "orchestrator": {
        "cancels": frozenset({"kept_at_1", "target_1"}),
        "jobs": frozenset(
            {
                "open_1_state_1_run_id_1_due_at_1",
                "run_id_1_client_id_1_month_1",
            }
        ),
        "pauses": frozenset({"until_1"}),
        "requests": frozenset({"received_at_1"}),
        "runs": frozenset(
            {
                "company_id_1_accepted_at_-1",
                "company_id_1_identity_1",
                "ended_at_1",
                "state_1",
                "unannounced_1",
            }
        ),
    },
    "summaries": {
        "client_summaries": frozenset({"company_id_1_client_id_1_provider_1_month_1"}),
        "summary_history": frozenset({"summary_id_1_version_-1"}),
    },
    "notifier": {
        "deliveries": frozenset(
            {"due_at_1", "endpoint_id_1_sequence_1", "endpoint_id_1_state_1_sequence_1", "expires_at_1"}
        ),
        "endpoints": frozenset({"announcement.at_1", "company_id_1_created_at_1"}),
        "receipts": frozenset({"company_id_1_stored_at_1", "stored_at_1"}),
        "webhook_events": frozenset({"company_id_1__id_1", "expires_at_1"}),
    },
}
