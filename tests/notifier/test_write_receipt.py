from collections.abc import Mapping
from datetime import timedelta

import pytest
from aiokafka.errors import KafkaConnectionError
from notifier.webhook_event import WebhookEvent
from notifier.wording import outcome_sentence
from notifier.write_receipt import WriteReceipt
from support.receipts import MemoryReceipts, finished
from sync_contracts.ids import run_event_id
from sync_contracts.runs import EndingCounts, RunEnding, RunOutcome, SyncCompleted


class Sent:
    """Implements `PublishStored`: keeps what was sent; `away` makes the next sending fail."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, bytes, str, dict[str, str]]] = []
        self.told: list[WebhookEvent] = []
        self.away = False

    async def tell(self, event: WebhookEvent) -> None:
        self.told.append(event)

    async def __call__(self, topic: str, body: bytes, *, key: str, headers: Mapping[str, str]) -> None:
        if self.away:
            self.away = False
            raise KafkaConnectionError
        self.messages.append((topic, body, key, dict(headers)))


async def test_the_receipt_repeats_the_outcome_and_adds_a_sentence() -> None:
    sent, run = Sent(), finished()

    await WriteReceipt(MemoryReceipts(), sent, sent.tell, "notifier")(run)

    ((topic, body, key, headers),) = sent.messages
    completed = SyncCompleted.model_validate_json(body)
    own = set(RunOutcome.model_fields) - {"meta"}
    assert completed.model_dump(include=own) == run.model_dump(include=own)
    assert completed.message == (
        f"Not everything could be read (3 clients, 1 month): 2 written, 1 failed; {ADVICE}"
    )
    assert (completed.meta.causation_id, completed.meta.correlation_id) == (run.meta.event_id, "click-1")
    assert (topic, key) == ("sync.completed.v1", str(run.run_id))
    assert headers["ce_id"] == str(run_event_id(run.run_id, "completed"))
    assert headers["ce_source"] == "/ledgerbus/notifier"


async def test_a_redelivery_sends_the_same_bytes_under_the_same_id() -> None:
    sent, run = Sent(), finished()
    write_receipt = WriteReceipt(MemoryReceipts(), sent, sent.tell, "notifier")
    told_later = run.model_copy(
        update={
            "meta": run.meta.model_copy(update={"occurred_at": run.meta.occurred_at + timedelta(hours=1)})
        }
    )

    await write_receipt(run)
    await write_receipt(told_later)

    assert sent.messages == [sent.messages[0]] * 2


async def test_a_receipt_that_could_not_be_sent_is_sent_as_it_was_stored() -> None:
    sent, store, run = Sent(), MemoryReceipts(), finished()
    sent.away = True
    with pytest.raises(KafkaConnectionError):
        await WriteReceipt(store, sent, sent.tell, "notifier")(run)

    await WriteReceipt(store, sent, sent.tell, "notifier")(run)

    ((_, body, _, _),) = sent.messages
    assert body == store.receipts[run.run_id].body


async def test_webhooks_tell_the_stored_receipt_of_its_clients() -> None:
    sent, store, run = Sent(), MemoryReceipts(), finished()

    await WriteReceipt(store, sent, sent.tell, "notifier")(run)

    (event,) = sent.told
    assert event.data == store.receipts[run.run_id].body
    assert (event.client_ids, event.is_about_all) == (("client-17",), True)  # one line of three is inside


ADVICE = "each client's line says what to do."


@pytest.mark.parametrize(
    ("ending", "counts", "expected"),
    [
        (
            RunEnding.COMPLETED,
            EndingCounts(written=2, unchanged=1),
            "Everything was read (3 clients, 1 month): 2 written, 1 unchanged.",
        ),
        (
            RunEnding.FAILED,
            EndingCounts(failed=3),
            f"Nothing could be read (3 clients, 1 month): 3 failed; {ADVICE}",
        ),
        (RunEnding.CANCELLED, EndingCounts(), "The run was cancelled (3 clients, 1 month)."),
        (
            RunEnding.EXPIRED,
            EndingCounts(written=1, skipped=1, cancelled=1),
            f"The run reached its deadline (3 clients, 1 month): 1 written, 1 skipped, 1 cancelled; {ADVICE}",
        ),
    ],
)
def test_one_sentence_says_how_a_run_ended(ending: RunEnding, counts: EndingCounts, expected: str) -> None:
    assert outcome_sentence(finished(ending=ending, counts=counts)) == expected
