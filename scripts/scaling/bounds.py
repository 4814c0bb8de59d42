"""How many connections a night an accounting system's own limits allow."""

from connectors.limits import Budget, Scope
from sync_contracts.providers import Provider

from scaling import inputs

_NIGHT_S = inputs.WINDOW_H * 3600
_NIGHTS = 30


def of_one_account(provider: Provider) -> float:
    """Jobs of one account in a night."""
    budgets = [each for each in inputs.BUDGETS[provider] if each.scope is Scope.ACCOUNT]
    return min(_calls(each) for each in budgets) / inputs.CALLS[provider]


def of_all(provider: Provider) -> tuple[float, str] | None:
    """Connections in a night, and what bounds them; None where nothing is known that counts all together."""
    calls = inputs.CALLS[provider]
    if provider is Provider.QUICKBOOKS:
        reads = inputs.QUICKBOOKS_FREE_READS_A_MONTH
        return reads / _NIGHTS / calls, f"a free app's {reads:,} reads a month"
    for budget in inputs.BUDGETS[provider]:
        if budget.scope is Scope.APP:
            return _calls(budget) / calls, _named(budget)
    return None


def _calls(budget: Budget) -> float:
    """At most, in a night."""
    bounds = []
    if budget.calls is not None:
        bounds.append(budget.calls if budget.is_daily else budget.calls * _NIGHT_S / budget.per_s)
    if budget.concurrent is not None:
        bounds.append(budget.concurrent * _NIGHT_S / inputs.CALL_S)
    return min(bounds)


def _named(budget: Budget) -> str:
    if budget.calls is None:
        return f"{budget.concurrent} calls at once in each worker: so many a worker"
    return f"the app's {budget.calls:,} calls a minute"
