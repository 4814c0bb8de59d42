import json
import stat
from pathlib import Path

import pytest
from ledgerbus_cli.credentials_file import read_fields, write_private
from ledgerbus_cli.problems import BadUsageError


def test_numbers_become_text_and_what_is_null_is_absent(tmp_path: Path) -> None:
    file = tmp_path / "fields.json"
    file.write_text('{"company_id": 17, "environment": "test", "employee_token": null}')

    assert read_fields(file) == {"company_id": "17", "environment": "test"}


@pytest.mark.parametrize("content", ["no json", '["canary"]', '{"api_key": {"is": "canary"}}', "[]", b"\xff"])
def test_what_does_not_fit_is_refused_without_quoting_it(tmp_path: Path, content: str | bytes) -> None:
    file = tmp_path / "fields.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(BadUsageError) as refusal:
        read_fields(file)

    assert "canary" not in str(refusal.value)


def test_what_is_written_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "fields.json"
    file.write_text("{}")
    file.chmod(0o644)

    write_private(file, {"refresh_token": "new"})

    assert json.loads(file.read_text()) == {"refresh_token": "new"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]
