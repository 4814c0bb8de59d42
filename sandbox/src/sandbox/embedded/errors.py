"""What can go wrong with the embedded servers."""


class EmbeddedError(RuntimeError):
    """An embedded server could not be started, prepared or stopped; the message says which and why."""
