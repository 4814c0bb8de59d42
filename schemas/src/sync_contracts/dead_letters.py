"""Headers of messages on `.dead` topics, beside those that the message had."""

from enum import StrEnum

PREFIX = "dead_letter_"


class DeadLetterHeader(StrEnum):
    """What is told of a parked message; no part of the message is quoted."""

    ERROR = "dead_letter_error"
    DETAIL = "dead_letter_detail"
    SERVICE = "dead_letter_service"  # that could not handle it
    PARTITION = "dead_letter_partition"  # where it stood on its own topic
    OFFSET = "dead_letter_offset"
    LEFT_OUT = "dead_letter_left_out"  # bytes of a body too large to be parked
    REPLAY_OF = "dead_letter_replay_of"  # the place it was replayed from, as TOPIC/PARTITION/OFFSET
    REPLAYED = "dead_letter_replayed"  # on a note, and in its body: the place of a letter that was replayed
