"""What is locked is checked, and an audit never says more than it found out."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from audit_dependencies import told
from check_licences import in_lock

CLEAN = {"name": "good", "version": "1.0", "vulns": []}
VULNERABLE = {"name": "bad", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}
UNKNOWN = {"name": "private", "skip_reason": "not found"}


def audited(*packages: Mapping[str, object]) -> str:
    return json.dumps({"dependencies": packages})


@pytest.mark.parametrize(
    ("output", "code", "said"),
    [
        (audited(CLEAN), 0, "audited: 1 packages, 0 vulnerable"),
        (audited(CLEAN, VULNERABLE), 1, "bad 1.0: PYSEC-1, mended in 1.1"),
        (audited(UNKNOWN, UNKNOWN), 0, "NOT AUDITED: nothing is known here of 2 of 2 packages"),
        (audited(UNKNOWN, VULNERABLE), 1, "NOT AUDITED: nothing is known here of 1 of 2 packages"),
        ("", 0, "NOT AUDITED: the advisories are out of reach: no route"),
    ],
)
def test_an_audit_says_what_it_found_out(
    output: str, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(output, "Traceback\nno route") == code
    assert said in capsys.readouterr().out


HASH = f"    --hash=sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("name", "lock", "problems"),
    [
        ("requirements.lock", f"pytest==1.0 \\\n{HASH} \\\n{HASH}\n", []),
        ("requirements.lock", f"secantusdb==1.0 \\\n{HASH}\n", []),
        ("credentials.lock", f"secantusdb==1.0 \\\n{HASH}\n", ["secantusdb is for the embedded stack only"]),
        ("credentials.lock", f"pytest==1.0\nhypothesis==2 \\\n{HASH}\n", ["pytest has no hash"]),
        ("credentials.lock", "", ["no package is pinned"]),
    ],
)
def test_a_lock_without_hashes_or_with_the_wrong_package_is_told(
    tmp_path: Path, name: str, lock: str, problems: list[str]
) -> None:
    (tmp_path / name).write_text(lock)

    assert in_lock(tmp_path / name) == [f"{name}: {problem}" for problem in problems]


def test_a_licence_that_is_not_wanted_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "any.lock").write_text(f"secantusdb==1.0 \\\n{HASH}\n")
    monkeypatch.setattr("check_licences.PROGRAMS", {})

    assert in_lock(tmp_path / "any.lock") == ["any.lock: secantusdb is under: GPL-2.0-only AND CC-BY-4.0"]
