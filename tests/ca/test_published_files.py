"""Published files: whole or not at all, and a CRL never by an older one."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ca.errors import CrlRefused
from ca.published_files import publish_crl_file, published_crl_number, write_whole
from tests.ca.installation import Installation

AT = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


def a_crl(installation: Installation, name: str) -> bytes:
    return next((installation.home / "public" / "crl").glob(f"*{name}*.crl")).read_bytes()


def an_issuer(installation: Installation, name: str) -> bytes:
    return next((installation.home / "public" / "aia").glob(f"*{name}*.cer")).read_bytes()


def test_a_crl_is_not_replaced_by_one_with_the_same_or_a_lower_number(
    made_installation: Installation, tmp_path: Path
) -> None:
    file = tmp_path / "crl" / "one.crl"
    first, other = a_crl(made_installation, "function"), a_crl(made_installation, "mobile")
    issuer_der = an_issuer(made_installation, "function")
    assert publish_crl_file(file, first, crl_number=1, issuer_der=issuer_der, at=AT)
    assert not publish_crl_file(file, first, crl_number=1, issuer_der=issuer_der, at=AT)
    with pytest.raises(CrlRefused):
        publish_crl_file(file, other, crl_number=1, issuer_der=issuer_der, at=AT)
    assert file.read_bytes() == first
    assert publish_crl_file(file, other, crl_number=2, issuer_der=issuer_der, at=AT)


def test_a_file_that_is_no_crl_has_no_number(made_installation: Installation, tmp_path: Path) -> None:
    file, issuer_der = tmp_path / "one.crl", an_issuer(made_installation, "function")
    assert published_crl_number(file, issuer_der=issuer_der) == 0
    file.write_bytes(b"rubbish")
    assert published_crl_number(file, issuer_der=issuer_der) == 0


def test_a_crl_of_another_issuer_or_with_another_signature_has_no_number(
    made_installation: Installation, tmp_path: Path
) -> None:
    file, own = tmp_path / "one.crl", a_crl(made_installation, "function")
    issuer_der = an_issuer(made_installation, "function")
    file.write_bytes(own)
    assert published_crl_number(file, issuer_der=issuer_der) == 1
    assert published_crl_number(file, issuer_der=an_issuer(made_installation, "mobile")) == 0
    file.write_bytes(own[:-1] + bytes([own[-1] ^ 1]))
    assert published_crl_number(file, issuer_der=issuer_der) == 0


def test_a_file_is_replaced_whole_and_no_draft_stays(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "file"
    write_whole(file, b"old")
    write_whole(file, b"new")
    assert file.read_bytes() == b"new"
    assert [path.name for path in file.parent.iterdir()] == ["file"]
