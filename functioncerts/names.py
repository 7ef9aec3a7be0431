"""DNS names and mail addresses in function certificates, and whether they lie inside what was validated."""

import re
from collections.abc import Iterable
from typing import Final

import idna

_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_MAILBOX: Final = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_LONGEST_NAME: Final = 253
_RESERVED: Final = slice(2, 4)
"""Where "--" means that the label is coded somehow (RFC 5891 4.2.3.1); only "xn--" has a meaning."""
_FEWEST_LABELS: Final = 2
_INTERNAL: Final = frozenset(
    {
        "arpa",
        "corp",
        "home",
        "internal",
        "intranet",
        "invalid",
        "lan",
        "local",
        "localdomain",
        "localhost",
        "private",
    },
)


class NameInvalid(ValueError):
    """No name for a certificate; args[0] is the rule: empty, wildcard, address, form, internal, idn."""


def parse_dns_name(text: str) -> str:
    """Return the name in lower case; raises NameInvalid. No wildcards, no addresses, no internal names."""
    name = text.strip().lower()
    if not name:
        raise NameInvalid("empty")
    if "*" in name:
        raise NameInvalid("wildcard")
    labels = name.split(".")
    if all(label.isdigit() for label in labels) or ":" in name:
        raise NameInvalid("address")
    if len(name) > _LONGEST_NAME or not all(_LABEL.fullmatch(label) for label in labels):
        raise NameInvalid("form")
    if len(labels) < _FEWEST_LABELS or labels[-1] in _INTERNAL or labels[-1].isdigit():
        raise NameInvalid("internal")
    if not all(map(_is_known_coding, labels)):
        raise NameInvalid("idn")
    return name


def _is_known_coding(label: str) -> bool:
    """Tell whether the label is plain, or an A-label that IDNA 2008 decodes and makes anew (RFC 5891 5.3)."""
    if label[_RESERVED] != "--":
        return True
    if not label.startswith("xn--"):
        return False
    try:
        return idna.alabel(idna.ulabel(label)) == label.encode()
    except (idna.IDNAError, UnicodeError):
        return False


def parse_mail_address(text: str) -> str:
    """Return the address in lower case; raises NameInvalid."""
    mailbox, at_sign, domain = text.strip().lower().rpartition("@")
    if (
        not at_sign
        or not _MAILBOX.fullmatch(mailbox)
        or ".." in mailbox
        or mailbox[0] == "."
        or mailbox[-1] == "."
    ):
        raise NameInvalid("form")
    return f"{mailbox}@{parse_dns_name(domain)}"


def is_inside(name: str, validated: Iterable[str]) -> bool:
    """Tell whether the name is one of the validated names or lies below one, label by label."""
    domain = name.rpartition("@")[2]
    return any(
        name == known or ("@" not in known and (domain == known or domain.endswith("." + known)))
        for known in validated
    )
