"""What every template may use: icons, dates, grouped numbers and the words of our states."""

import re
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Final

from django import template
from django.template.defaultfilters import stringfilter
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from directory.models import Role
from directory.swedish_time import SWEDEN
from portal import moments, words
from portal.pages import parts

register = template.Library()

_ICONS: Final = Path(__file__).resolve().parent.parent / "static" / "vendor" / "bootstrap-icons" / "icons"
_DRAWING: Final = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)
_PERSONAL_NUMBER_LENGTH: Final = 12


@cache
def _drawing(name: str) -> str:
    found = _DRAWING.search((_ICONS / f"{name}.svg").read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"{name}.svg is no icon")
    return found.group(1).strip()


@register.simple_tag
def icon(name: str, extra_class: str = "") -> SafeString:
    """Draw a vendored icon. It is decoration: the word beside it carries the meaning."""
    return format_html(
        '<svg class="icon {}" viewBox="0 0 16 16" aria-hidden="true" focusable="false">{}</svg>',
        extra_class,
        mark_safe(_drawing(name)),  # noqa: S308 - our own files
    )


@register.filter
def moment(value: datetime | None) -> str:
    """Return a moment as a person says it; an empty text for none."""
    return moments.moment(value, now=timezone.now()) if value else ""


@register.filter
def moment_or_day(value: datetime) -> str:
    """Return a moment with its clock time when it is near, else only the day."""
    return moments.moment_or_day(value, now=timezone.now())


@register.filter
def day(value: date | datetime | None) -> str:
    """Return the day as ÅÅÅÅ-MM-DD; an empty text for none."""
    return moments.day(value) if value else ""


@register.filter
def days_left(value: date) -> str:
    """Return how many days are left until the date."""
    return moments.days_left(value, today=timezone.now().astimezone(SWEDEN).date())


@register.filter
def machine_time(value: datetime | None) -> str:
    """Return the moment for a time element's datetime attribute."""
    return value.astimezone(SWEDEN).isoformat(timespec="seconds") if value else ""


@register.filter
def span(value: float) -> str:
    """Return a span of seconds in words."""
    return moments.span(value)


@register.filter
@stringfilter
def grouped(value: str) -> str:
    """Return a card number in groups of four, as printed on the card."""
    return parts.grouped(value)


@register.filter
@stringfilter
def personal_number(value: str) -> str:
    """Return twelve digits as ÅÅÅÅMMDD-NNNN."""
    return f"{value[:8]}-{value[8:]}" if len(value) == _PERSONAL_NUMBER_LENGTH else value


@register.filter
def role_name(value: str) -> words.Text:
    """Return what a role is called; an unknown one keeps its code."""
    return words.ROLES[Role(value)] if value in set(Role) else value


@register.filter
def session_end(value: str) -> words.Text:
    """Return why a session ended."""
    return words.SESSION_ENDS.get(value, words.SESSION_ENDS["logged_out"])
