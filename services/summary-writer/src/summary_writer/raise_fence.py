"""Keeps readings of replaced or deleted credentials out."""

from dataclasses import dataclass

from sync_contracts.connections import ConnectionEvent

from summary_writer.ports import Fences


@dataclass(frozen=True, slots=True)
class RaiseFence:
    """After a save or a deletion only readings of its generation or a later one are written."""

    fences: Fences

    async def __call__(self, message: ConnectionEvent) -> None:
        await self.fences.raise_to(message.connection_id, message.generation)
