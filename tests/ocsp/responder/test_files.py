"""Parts of files, deltas and shards: what clients that fetch lists ask for."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ocsp.responder.ranges import RangeNotSatisfiable, wanted_range
from tests.ocsp.authority import Authority
from tests.ocsp.responder.conftest import Server
from tests.ocsp.responder.test_freshness import make_crl, put

TAG, DATE = b'"tag"', b"Sat, 21 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (b"bytes=0-0", (0, 1)), (b"bytes=2-4", (2, 5)), (b"bytes=2-", (2, 10)), (b"bytes=-3", (7, 10)),
        (b"bytes=0-99", (0, 10)), (b"bytes=-99", (0, 10)), (b"bytes = 1 - 2", (1, 3)),
        (b"bytes=0-1,4-5", None), (b"bytes=4-2", None), (b"bytes=", None), (b"bytes=-", None),
        (b"octets=0-1", None), (b"bytes=a-b", None), (b"bytes=99999999999999999999-", None), (b"", None),
    ],
)  # fmt: skip
def test_one_range_is_read_and_all_else_is_the_whole(asked: bytes, expected: tuple[int, int] | None) -> None:
    """RFC 9110 14.1.2: what is no range that we do is as if nothing had been said."""
    found = wanted_range({b"range": asked}, size=10, validators=(TAG, DATE))
    assert (None if found is None else (found.start, found.stop)) == expected


@pytest.mark.parametrize("asked", [b"bytes=10-", b"bytes=10-11", b"bytes=-0"])
def test_a_part_behind_the_end_cannot_be_had(asked: bytes) -> None:
    with pytest.raises(RangeNotSatisfiable):
        wanted_range({b"range": asked}, size=10, validators=(TAG, DATE))


@pytest.mark.parametrize(
    ("version", "has_part"), [(TAG, True), (DATE, True), (b'"old"', False), (b"W/" + TAG, False)]
)
def test_a_part_of_another_version_is_not_given(version: bytes, *, has_part: bool) -> None:
    headers = {b"range": b"bytes=0-1", b"if-range": version}
    assert (wanted_range(headers, size=10, validators=(TAG, DATE)) is not None) is has_part


def test_a_list_is_fetched_on_where_it_broke_off(
    starting: Callable[..., Server], tmp_path: Path, authority: Authority
) -> None:
    server = starting()
    folder = tmp_path / "public" / "crl"
    folder.mkdir(parents=True)
    crl = make_crl(authority, next_update=datetime.now(UTC) + timedelta(hours=48), count=50)
    for name in ("x.crl", "x-delta.crl", "x-3.crl"):
        put(folder / name, crl)
        path = f"/crl/{name}"
        whole = server.ask("GET", path)
        assert (whole.code, whole.body, whole.headers["accept-ranges"]) == (200, crl, "bytes")
        first = server.ask("GET", path, Range="bytes=0-99")
        rest = server.ask("GET", path, Range="bytes=100-", If_Range=whole.headers["etag"])
        assert (first.code, rest.code) == (206, 206)
        assert first.body + rest.body == crl
        assert first.headers["content-range"] == f"bytes 0-99/{len(crl)}"
        assert first.headers["content-length"] == "100"
        beyond = server.ask("GET", path, Range=f"bytes={len(crl)}-")
        assert (beyond.code, beyond.headers["content-range"]) == (416, f"bytes */{len(crl)}")
        head = server.ask("HEAD", path, Range="bytes=0-99")
        assert (head.code, head.headers["content-length"]) == (200, str(len(crl)))
    put(folder / "x.crl", make_crl(authority, next_update=datetime.now(UTC) + timedelta(hours=48), count=51))
    assert server.ask("GET", "/crl/x.crl", Range="bytes=100-", If_Range=whole.headers["etag"]).code == 200
