"""The pages of validations and of keys made here, filled with made-up organizations."""

from datetime import UTC, datetime, timedelta

from directory.models import Organization
from functioncerts.models import NameValidation
from functioncerts.receipts import TEXT, VERSION
from functioncerts.states import NameValidationState
from portal.pages.orderer import function_words
from portal.pages.orderer.key_order import KeyOrderPage, NamesForm
from portal.pages.orderer.validating import ValidationForm, ValidationRow, ValidationsPage
from portal.pages.parts import Chip, Crumb

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def validations(*, is_empty: bool = False) -> dict[str, object]:
    """Return the list, with each state."""
    form = ValidationForm()
    form.fields["organization"].queryset = Organization.objects.none()  # type: ignore[attr-defined]
    states = list(NameValidationState)
    page = ValidationsPage(
        rows=[] if is_empty else [_row(f"{one.value.lower()}.regionnorr.test", one) for one in states],
        chips=[Chip(label="Alla", url="#a", is_chosen=True), Chip(label="Väntar", url="#w", is_chosen=False)],
        next_url="" if is_empty else "#more",
    )
    return {"page": page, "form": form}


def validation(method: str) -> dict[str, object]:
    """Return one validation that waits, by a method."""
    name = "mycket-langt-namn.journalsystemet.regionnorr.test"
    one = NameValidation(
        name=name,
        method=method,
        organization=Organization(name="Region Norr"),
        sent_to=f"postmaster@{name}",
        token="k" * 43,
        evidence_sha256="5f" * 32,
        requested_at=AT,
        checked_at=AT,
    )
    return {
        "row": _row(name, NameValidationState.PENDING, method=method),
        "one": one,
        "dns_name": f"_sigill-validation.{name}",
        "dns_value": f"sigill-validation={one.token}",
        "http_url": f"http://{name}/.well-known/sigill-validation/{one.token}",
        "closes_at": AT + timedelta(days=14),
    }


def link(*, is_done: bool = False) -> dict[str, object]:
    """Return the page behind a mailed link."""
    one = NameValidation(name="regionnorr.test", organization=Organization(name="Region Norr"))
    return {"one": one, "done": is_done, "problem": None}


def key_order() -> dict[str, object]:
    """Return the form for a key made here."""
    page = KeyOrderPage(
        name="Journaltjänst",
        crumbs=(Crumb(label="Funktionsobjekt", url="#"), Crumb(label="Beställ med en nyckel som skapas här")),
        back_url="#",
        mobile="+46701234567",
        receipt=TEXT,
        version=VERSION,
        validated=("regionnorr.test",),
        takes_two=True,
    )
    return {"page": page, "form": NamesForm(initial={"names": "journal.regionnorr.test"})}


def _row(name: str, state: NameValidationState, *, method: str = "document") -> ValidationRow:
    return ValidationRow(
        id="00000000-0000-0000-0000-000000000000",
        name=name,
        organization="Region Norr",
        method=function_words.METHODS[method],
        tag=function_words.VALIDATION_STATES[state.value],
        valid_to=AT + timedelta(days=300),
        detail="DNR 2026-17" if method == "document" else "",
        is_waiting=state is NameValidationState.PENDING,
        is_valid=state is NameValidationState.VALID,
    )
