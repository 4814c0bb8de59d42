"""`python -m sandbox`: the imitations alone."""

from __future__ import annotations

import argparse
from functools import partial

from sandbox.app import build_app
from sandbox.serving import serve


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="sandbox", description="Imitations of accounting systems.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True, help="0: any free one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clients", type=int, default=10, help="books for each provider")
    parser.add_argument("--documents", type=int, default=20, help="about so many in each month")
    chosen = parser.parse_args()
    app = build_app(chosen.seed, chosen.clients, chosen.documents)
    serve(app, chosen.port, chosen.host, partial(print, flush=True))


if __name__ == "__main__":
    main()
