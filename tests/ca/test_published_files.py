"""Published files: whole or not at all, and a CRL never by an older one."""

from pathlib import Path

import pytest

from ca.errors import CrlRefused
from ca.published_files import publish_crl_file, published_crl_number, write_whole
from tests.ca.installation import Installation


def a_crl(installation: Installation, name: str) -> bytes:
    return next((installation.home / "public" / "crl").glob(f"*{name}*.crl")).read_bytes()


def test_a_crl_is_not_replaced_by_one_with_the_same_or_a_lower_number(
    made_installation: Installation, tmp_path: Path
) -> None:
    file = tmp_path / "crl" / "one.crl"
    first, other = a_crl(made_installation, "function"), a_crl(made_installation, "mobile")
    assert publish_crl_file(file, first, crl_number=1)
    assert not publish_crl_file(file, first, crl_number=1)
    with pytest.raises(CrlRefused):
        publish_crl_file(file, other, crl_number=1)
    assert file.read_bytes() == first
    assert publish_crl_file(file, other, crl_number=2)


def test_a_file_that_is_no_crl_has_no_number(tmp_path: Path) -> None:
    file = tmp_path / "one.crl"
    assert published_crl_number(file) == 0
    file.write_bytes(b"rubbish")
    assert published_crl_number(file) == 0


def test_a_file_is_replaced_whole_and_no_draft_stays(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "file"
    write_whole(file, b"old")
    write_whole(file, b"new")
    assert file.read_bytes() == b"new"
    assert [path.name for path in file.parent.iterdir()] == ["file"]
