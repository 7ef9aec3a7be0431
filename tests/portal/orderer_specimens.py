"""The pages of validations and of keys made here, filled with made-up organizations."""

from datetime import UTC, datetime, timedelta

from directory.models import Organization, Role
from functioncerts.models import NameValidation, TokenScope
from functioncerts.receipts import TEXT, VERSION
from functioncerts.states import NameValidationState
from portal import problems, words
from portal.pages.orderer import function_words
from portal.pages.orderer.function import MailLine
from portal.pages.orderer.key_order import KeyOrderPage, NamesForm
from portal.pages.orderer.notices import NoticesPage
from portal.pages.orderer.tokens import TokenForm, TokenLine, TokensPage
from portal.pages.orderer.validating import ValidationForm, ValidationRow, ValidationsPage
from portal.pages.parts import Chip, Crumb
from portal.words import Tag

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


def notices() -> dict[str, object]:
    """Return the list of notices with each fate."""
    rows = [
        MailLine(
            title="30 dagar före slutet" if number else "Sammanställning av det som gått ut, vecka 2026-W46",
            to=function_words.RECIPIENTS["mailbox"],
            address="mycket.lang.adress.till.journalsystemets.forvaltning@regionnorr.test",
            at=AT if number else None,
            tag=tag,
            reply=function_words.reply_said("the sender ended while the mail was handed over"),
            function="Journaltjänst" if number else "",
            url="#o" if number else "",
        )
        for number, tag in enumerate(function_words.FATES.values())
    ]
    page = NoticesPage(
        rows=rows,
        chips=[Chip(label="Kom inte fram", url="#l", is_chosen=True)],
        crumbs=(Crumb(label="Funktionsobjekt", url="#"), Crumb(label="Aviseringar")),
        next_url="#more",
        shows_lost=True,
    )
    return {"page": page}


def tokens(*, is_made: bool = False, has_errors: bool = False) -> dict[str, object]:
    """Return the page of tokens, as who may make one sees it and as who may not."""
    weighty = [function_words.SHORT_SCOPES[one] for one in TokenScope]
    rows = [
        TokenLine(
            id=f"00000000-0000-0000-0000-00000000000{number}",
            label="certbot på journalsystemets första server" if number else "utan namn",
            acts_as="Bo Ek",
            role=words.ROLES[Role.FUNCTION_CERT_ORDERER],
            organization="Region Norr",
            scopes=weighty[: number + 2],
            made_at=AT,
            made_by="Driften",
            expires_at=AT + timedelta(days=90),
            last_used_at=AT if number else None,
            tag=tag,
            may_end=number < 3,
        )
        for number, tag in enumerate(
            (
                Tag(label="Gäller", tone="ok", icon="check-circle"),
                Tag(label="Rollen är borta", tone="warn", icon="person-badge"),
                Tag(label="Upphörd", tone="mute", icon="slash-circle"),
            )
        )
    ]
    page = TokensPage(
        crumbs=(Crumb(label="Funktionsobjekt", url="#"), Crumb(label="API-nycklar")),
        rows=rows if is_made else [],
        is_all=is_made,
        next_url="#more" if is_made else "",
        address="https://portal.example.org/api/v1/function-certificates/",
        text="sigill_" + "k" * 43 if is_made else "",
        why=None if not is_made else problems.of_code("role_missing", fixer="issuance_manager"),
    )
    form = TokenForm({"days": "30"} if has_errors else None)
    return {"page": page, "form": form}


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
