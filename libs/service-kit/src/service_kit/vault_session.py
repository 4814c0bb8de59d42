"""What hvac sends its requests through: what `requests` prepares for each takes longer than the request."""

import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import requests
from urllib3 import PoolManager, Retry

# Only to another server of the same Vault, where it says so; nothing is asked twice.
_RETRIES = Retry(total=None, connect=False, read=False, other=0, status=0, redirect=3)


class VaultSession(requests.Session):
    """Past any proxy of the environment, which must not see secrets; raises errors of urllib3, too."""

    def __init__(self, trust: ssl.SSLContext, *, at_once: int) -> None:
        super().__init__()
        self._pools = PoolManager(maxsize=at_once, ssl_context=trust)

    def request(  # type: ignore[override]  # what hvac gives
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        timeout: float,
        json: Any = None,
        params: Mapping[str, str] | None = None,
        allow_redirects: bool,  # noqa: ARG002 (this one and those below are settled above)
        cert: object,  # noqa: ARG002
        proxies: object,  # noqa: ARG002
        verify: object,  # noqa: ARG002
    ) -> requests.Response:
        address = f"{url}?{urlencode(params)}" if params else url
        found = self._pools.request(
            method,
            address,
            headers=headers,
            json=json,
            timeout=timeout,
            retries=_RETRIES,
            preload_content=False,
        )
        answer = requests.Response()
        answer.status_code = found.status
        answer.headers.update(found.headers)
        answer.encoding = "utf-8"
        answer.raw = found
        answer.content  # noqa: B018 (read now: the connection is the next one's)
        return answer

    def close(self) -> None:
        self._pools.clear()
