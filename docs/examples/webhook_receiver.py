"""Takes webhooks and believes only those that are signed; needs `pip install standardwebhooks`.

WEBHOOK_SECRET=whsec_… python docs/examples/webhook_receiver.py 8800
"""

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

HEARD: set[str] = set()  # in life: a unique column of the database, written together with the effect


class Receiver(BaseHTTPRequestHandler):
    """2xx says "never again", so it comes after the effect."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))  # the bytes as they came: they are signed
        try:
            event = Webhook(os.environ["WEBHOOK_SECRET"]).verify(body, dict(self.headers.items()))
        except WebhookVerificationError:
            self._answer(401)
            return
        if self.headers["webhook-id"] not in HEARD:
            print(event["type"], event["company_id"], event["data"], flush=True)
            HEARD.add(self.headers["webhook-id"])
        self._answer(204)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.end_headers()


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
