"""Decides whether the asker has what it asks for already (RFC 9110 13.1)."""

from calendar import timegm
from time import strptime


def is_not_modified(headers: dict[bytes, bytes], *, entity_tag: bytes, last_modified: int) -> bool:
    """Tell whether 304 is the answer; If-None-Match goes before If-Modified-Since."""
    tags = headers.get(b"if-none-match")
    if tags is not None:
        wanted = b'"' + entity_tag + b'"'
        return any(tag.strip() in (b"*", wanted, b"W/" + wanted) for tag in tags.split(b","))
    since = headers.get(b"if-modified-since")
    if since is None:
        return False
    try:
        return last_modified <= timegm(strptime(since.decode("ascii"), "%a, %d %b %Y %H:%M:%S GMT"))
    except ValueError:
        return False  # RFC 9110 13.1.3: a date that cannot be read is no condition
