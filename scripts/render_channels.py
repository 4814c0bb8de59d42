"""`make docs`: the AsyncAPI documents as pages to browse, in .ledgerbus/docs.

Needs npm, once, to fetch what shows them.
"""

import base64
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCUMENTS = ROOT / "schemas" / "generated" / "asyncapi"
PAGES = ROOT / ".ledgerbus" / "docs"
VERSION = "3.2.1"
VIEWER = f"@asyncapi/react-component@{VERSION}"
SHA512 = "k5ZqJd6+oxYaQ2o6F3rGWJ1MTIjXdpsUYB3NKQbVqr4yzrN0Ovj5c7eZx8NGd3wfKPhbOrLREtYl9K2OPfnSsA=="
SCRIPT, STYLE = f"viewer-{VERSION}.js", f"viewer-{VERSION}.css"
FILES = {"package/browser/standalone/index.js": SCRIPT, "package/styles/default.min.css": STYLE}
HEAD = '<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'


class NoViewerError(Exception):
    """The viewer could not be had, and why."""


def main() -> int:
    PAGES.mkdir(parents=True, exist_ok=True)
    try:
        if not all((PAGES / name).exists() for name in FILES.values()):
            unpack(fetched())
    except NoViewerError as error:
        print(error, file=sys.stderr)
        return 1
    documents = sorted(DOCUMENTS.glob("*.json"))
    for path in documents:
        (PAGES / f"{path.stem}.html").write_text(page(path.stem, json.loads(path.read_text())))
    (PAGES / "index.html").write_text(index([path.stem for path in documents]))
    print(f"open {(PAGES / 'index.html').relative_to(ROOT)}")
    return 0


def fetched() -> bytes:
    """The viewer's package, by npm's own settings for where packages come from."""
    if not shutil.which("npm"):
        raise NoViewerError("`make docs` needs npm, which comes with Node.js (Debian: apt-get install npm).")
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", "--pack-destination", folder, VIEWER]
        if subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=False).returncode:
            raise NoViewerError(f"npm could not fetch {VIEWER}.")
        (package,) = Path(folder).glob("*.tgz")
        return package.read_bytes()


def unpack(package: bytes) -> None:
    if base64.b64encode(hashlib.sha512(package).digest()).decode() != SHA512:
        raise NoViewerError(f"{VIEWER} is not the one that was pinned.")
    with tarfile.open(fileobj=io.BytesIO(package)) as files:
        for name, ours in FILES.items():
            content = files.extractfile(name)
            if content is None:
                raise NoViewerError(f"{VIEWER} has no {name}.")
            (PAGES / ours).write_bytes(content.read())


def page(service: str, document: object) -> str:
    """The document stands in the page, which therefore opens from a file."""
    inside = json.dumps(document).replace("<", "\\u003c")
    shown = f"AsyncApiStandalone.render({{schema: {inside}}}, document.getElementById('page'))"
    return (
        HEAD.format(title=f"ledgerbus {service}")
        + f'<link rel="stylesheet" href="{STYLE}"><div id="page"></div>'
        + f'<script src="{SCRIPT}"></script><script>{shown}</script>\n'
    )


def index(services: list[str]) -> str:
    links = "".join(f'<li><a href="{service}.html">{service}</a>' for service in services)
    return f"{HEAD.format(title='ledgerbus channels')}<h1>Channels by service</h1><ul>{links}</ul>\n"


if __name__ == "__main__":
    sys.exit(main())
