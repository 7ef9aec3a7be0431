"""Tells what an entry says as a sentence a person reads, and its facts one by one."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Final

from django.utils.functional import Promise
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.products import DocumentKind, IdentityCheckMethod, product
from directory.models import Role
from directory.swedish_time import SWEDEN
from journal.actor import OPERATOR, Actor
from journal.events import known_events
from portal import words
from portal.pages.auditor.known import Known, Told, is_own
from portal.pages.parts import Fact, grouped
from portal.problems import WORDINGS
from portal.wordings.event_fields import EVENT_FIELDS
from portal.wordings.event_values import BY_FIELD, BY_TYPE
from portal.wordings.events import EVENT_WORDS, EventWords
from portal.words import Text

_LONG: Final = 24
_UNKNOWN: Final = EventWords(
    group="system", icon="journal-text", tone="mute", name="", sentence=gettext_lazy("%(type)s was recorded")
)


class _Facts(dict[str, SafeString]):
    """A fact that the event lacks shows as a dash, and never stops the page."""

    def __missing__(self, key: str) -> SafeString:
        return mark_safe("-")


def words_of(event_type: str) -> EventWords:
    """Return how an event is shown; one that nobody has words for yet keeps its technical name."""
    return EVENT_WORDS.get(event_type, _UNKNOWN)


def name_of(event_type: str) -> Text:
    """Return what an event is called."""
    return EVENT_WORDS[event_type].name if event_type in EVENT_WORDS else event_type


def sentence(told: Told, *, known: Known, reader: Actor) -> str:
    """Return what happened, in one sentence of plain text."""
    text, facts = _parts(told, known=known, reader=reader)
    return text % _Facts({name: mark_safe(value) for name, value in facts.items()})  # noqa: S308 - not HTML here


def sentence_html(told: Told, *, known: Known, reader: Actor) -> SafeString:
    """Return the sentence with its facts in bold."""
    text, facts = _parts(told, known=known, reader=reader)
    shown = _Facts({name: format_html("<b>{}</b>", value) for name, value in facts.items()})
    return mark_safe(str(escape(text)) % shown)  # noqa: S308 - the text and every fact are escaped


def actor_name(told: Told, *, known: Known, reader: Actor) -> str:
    """Return who acted, as far as the reader is told: people of other organizations are not named."""
    acted = told.acted
    kind, identifier = str(acted.get("kind", "")), str(acted.get("identifier", ""))
    if kind == "system" and identifier.startswith(OPERATOR):
        command = identifier.removeprefix(OPERATOR)
        return _("The operator, by the command %(command)s on the server") % {"command": command}
    if kind == "system":
        return _("The system")
    person_id = str(acted.get("person", ""))
    if person_id:
        if person_id == told.text("person_id") or is_own(acted, reader) or not _has_role(acted):
            name = known.person(person_id)
            name = name[:1].upper() + name[1:]
            return name if kind == "person" else _("%(name)s (by API)") % {"name": name}
        return _("Somebody of another organization")
    return str(_SERVICES.get(identifier, identifier)) or _("Somebody not logged in")


def _has_role(acted: Mapping[str, object]) -> bool:
    """Tell whether somebody acted in a role, for an organization or a part of one."""
    return bool(acted.get("scope") or acted.get("unit"))


def role_name(told: Told) -> Text:
    """Return the role that was used; empty for none."""
    role = str(told.acted.get("role", ""))
    return words.ROLES[Role(role)] if role in set(Role) else role


def facts(told: Told, *, known: Known) -> list[Fact]:
    """Return every fact of the event that says something, with its name and value in words."""
    return [
        Fact(
            name=EVENT_FIELDS.get(name, name),
            value=shown,
            copy=str(value) if isinstance(value, str) and len(value) > _LONG and shown == value else "",
        )
        for name, value in _in_order(told)
        if (shown := fact_shown(name, value, told=told, known=known)) not in {"", "()"}
    ]


def _in_order(told: Told) -> list[tuple[str, object]]:
    """Return the facts as the event's class names them, and then whatever else there is."""
    kind = known_events().get((told.entry.type, told.entry.version))
    named = [field.name for field in fields(kind)] if kind else []
    return sorted(
        told.event.items(),
        key=lambda fact: (named.index(fact[0]) if fact[0] in named else len(named), fact[0]),
    )


def fact_shown(name: str, value: object, *, told: Told, known: Known) -> str:
    """Return a fact as people read it: names for ids, words for codes, Swedish time for moments."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list | tuple):
        return ", ".join(fact_shown(name, one, told=told, known=known) for one in value)
    text = str(value)
    if name in _BY_ID and text:
        return _BY_ID[name](known, text)
    if name in _BY_CODE:
        return str(_BY_CODE[name](text))
    return _in_words(name, text, event_type=told.entry.type)


def _in_words(name: str, text: str, *, event_type: str) -> str:
    tables: tuple[Mapping[str, Text], ...] = (
        BY_TYPE.get((event_type, name), {}),
        BY_FIELD.get(name, {}),
    )
    for table in tables:
        if text in table:
            return str(table[text])
    if name in {"failure", "code"} and text in WORDINGS:
        return str(WORDINGS[text].title) % _Facts()
    if name.endswith(("_at", "_update")) or name in _MOMENTS:
        return exact(text)
    return text


def exact(text: str) -> str:
    """Return a moment to the second in Swedish time, or a text that is no moment as it stands."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{at.astimezone(SWEDEN):%Y-%m-%d %H:%M:%S}" if at.tzinfo else text


def _parts(told: Told, *, known: Known, reader: Actor) -> tuple[str, dict[str, str]]:
    shown = {
        name: fact_shown(name, value, told=told, known=known) or "-" for name, value in told.event.items()
    }
    shown["who"] = actor_name(told, known=known, reader=reader)
    shown["type"] = told.entry.type
    shown["person"] = known.person(told.text("person_id"))
    shown["card"] = known.card(told.text("card_id"))
    shown["function"] = known.functions.get(told.function_id, "") or _("a function")
    shown["subject"] = shown["person"] if told.text("person_id") else shown["function"]
    shown["organization"] = shown.get("organization_id", _("an organization"))
    shown["issuer"] = shown.get("issuer_id", "-")
    shown["product"] = shown.get("product_code", "-")
    shown["document"] = shown.get("document_kind", "-")
    if told.text("serial"):
        shown["serial"] = f"…\u2060{told.text('serial')[-8:]}"
    for name in ("reason", "outcome", "hint", "state", "failure", "problem", "key"):
        if shown.get(name):
            shown[name] = _lowered(shown[name])
    text = words_of(told.entry.type).sentence
    return str(text), shown


def _lowered(text: str) -> str:
    """Return a word as it stands inside a sentence: without capital or full stop."""
    text = text.rstrip(".")
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


_SERVICES: Final[Mapping[str, Text | Promise]] = {
    "card-client": gettext_lazy("The card client"),
    "authn-client": gettext_lazy("The card client"),
}


def _product(code: str) -> Text:
    item = product(code)
    return words.product_name(item) if item else code


_BY_ID: Final[Mapping[str, Callable[[Known, str], str]]] = {
    "person_id": Known.person,
    "card_id": lambda known, pk: known.card_number(pk) or pk,
    "organization_id": lambda known, pk: known.organizations.get(pk, pk),
    "issuer_id": lambda known, pk: known.issuers.get(pk, pk),
    "function_object_id": lambda known, pk: known.functions.get(pk, pk),
    "certificate_ids": lambda known, pk: known.serials.get(pk, pk),
}
_BY_CODE: Final[Mapping[str, Callable[[str], Text]]] = {
    "card_number": grouped,
    "product_code": _product,
    "role": lambda code: words.ROLES[Role(code)] if code in set(Role) else code,
    "document_kind": lambda code: (
        words.DOCUMENT_KINDS[DocumentKind(code)] if code in set(DocumentKind) else code
    ),
    "method": lambda code: (
        words.CHECK_METHODS[IdentityCheckMethod(code)] if code in set(IdentityCheckMethod) else code
    ),
}
_MOMENTS: Final = frozenset({"as_of", "not_after", "not_before", "valid_from", "valid_to"})
