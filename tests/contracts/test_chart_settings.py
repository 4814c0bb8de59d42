"""The Helm chart offers the settings that the services have."""

from chart.settings import wrong_offers


def test_the_chart_offers_each_setting_that_it_does_not_manage_itself_and_no_other() -> None:
    assert list(wrong_offers()) == []
