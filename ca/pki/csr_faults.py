"""Says what somebody sent in the place of a PKCS#10 request: a word for each mistake."""

from __future__ import annotations

import re
from typing import Final

_BOM: Final = b"\xef\xbb\xbf"
_LABEL: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----")
_REQUESTS: Final = frozenset({b"CERTIFICATE REQUEST", b"NEW CERTIFICATE REQUEST"})
_BLOCK: Final = re.compile(rb"-----BEGIN [A-Z ]+-----(?P<body>.*?)-----END [A-Z ]+-----", re.DOTALL)
_OTHERS: Final = {b"CERTIFICATE": "certificate", b"PUBLIC KEY": "public_key", b"PKCS7": "pkcs7"}
"""By how the label of a block ends."""
_SSH: Final = (b"ssh-", b"ecdsa-sha2-", b"sk-ssh-", b"---- BEGIN SSH2")
_SEQUENCE: Final = 0x30

FAULTS: Final = frozenset(
    {
        "empty", "utf16", "private_key", "certificate", "public_key", "pkcs7", "another_block", "several",
        "no_end", "around", "base64", "no_pem", "structure",
    }
)  # fmt: skip
"""Every word that this file can answer."""


def without_bom(content: bytes) -> bytes:
    """Return the text without the mark that Windows editors put before UTF-8."""
    return content.removeprefix(_BOM)


def fault_of(content: bytes) -> str:
    """Return what is wrong with octets that hold no readable request."""
    text = content.strip()
    if not text:
        return "empty"
    if text.startswith((b"\xff\xfe", b"\xfe\xff")) or b"-\0-\0-\0" in text:
        return "utf16"
    if text.startswith(_SSH):
        return "public_key"
    labels = _LABEL.findall(text)
    if labels:
        return _fault_of_pem(text, labels)
    return "structure" if text[0] == _SEQUENCE else "no_pem"


def _fault_of_pem(text: bytes, labels: list[bytes]) -> str:
    others = [label for label in labels if label not in _REQUESTS]
    if any(label.endswith(b"PRIVATE KEY") for label in others):
        return "private_key"
    if others and len(others) == len(labels):
        return next((fault for end, fault in _OTHERS.items() if others[0].endswith(end)), "another_block")
    return "several" if len(labels) > 1 else _fault_of_block(text)


def _fault_of_block(text: bytes) -> str:
    block = _BLOCK.search(text)
    if block is None:
        return "no_end"
    if re.search(rb"[^A-Za-z0-9+/=\s]", block["body"]):
        return "base64"
    return "around" if block.start() or block.end() != len(text) else "structure"
