"""Changes a record in the presence of others who do the same."""

from collections.abc import Callable

from credentials.connection import BeingChangedError, Connection
from credentials.ports import ConnectionStore
from credentials.terms import Place

_TRIES = 20


async def change(
    store: ConnectionStore,
    place: Place,
    transition: Callable[[Connection], Connection],
    *,
    new: Connection | None = None,
) -> Connection:
    """Apply the transition to the newest record, `new` where there is none.

    Raises LookupError without a record, BeingChangedError when others are always faster.
    """
    for _ in range(_TRIES):
        found = await store.at(place) or new
        if found is None:
            raise LookupError
        changed = transition(found)
        if changed == found or await store.put(changed):
            return changed.model_copy(update={"revision": found.revision + (changed != found)})
    raise BeingChangedError
