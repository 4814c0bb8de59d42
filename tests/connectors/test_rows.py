from decimal import Decimal
from typing import Any

import pytest
from connectors.errors import UnreadableAnswerError
from connectors.rows import amount_or_text


@pytest.mark.parametrize("told", [Decimal("12.30"), "12.30", " 12.30 "])
def test_a_number_may_come_in_quotes(told: Any) -> None:
    assert str(amount_or_text({"sum": told}, "sum")) == "12.30"


@pytest.mark.parametrize("told", [None, "", "n/a", "1,5", "NaN", "Infinity", True, [], {}])
def test_what_is_no_number_is_refused_without_being_quoted(told: Any) -> None:
    with pytest.raises(UnreadableAnswerError, match=r"^sum is not a number$"):
        amount_or_text({"sum": told}, "sum")
