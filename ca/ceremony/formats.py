"""How the protocol writes fingerprints and moments."""

from datetime import datetime

from django import template

register = template.Library()


@register.filter
def in_groups(digest: str) -> str:
    """Write hex in groups of four, so that two people can read it to each other."""
    return " ".join(digest[start : start + 4] for start in range(0, len(digest), 4))


@register.filter
def moment(text: str) -> str:
    """Write an RFC 3339 moment to the second, in UTC."""
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S UTC") if text else "-"


@register.filter
def day(text: str) -> str:
    """Write the day of an RFC 3339 moment."""
    return text[:10]


@register.filter
def common_name(subject: str) -> str:
    """Return the common name in an RFC 4514 name."""
    for part in subject.split(","):
        if part.startswith("CN="):
            return part[3:]
    return subject
