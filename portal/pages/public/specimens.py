"""The test certificates: what each is, what a relying service must be told, and the commands that show it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from ca.errors import UnknownIssuer
from ca.models import Issuer
from ca.policy_files import files_of
from ca.selectors import certificate_pem, chain_pem
from ca.selectors import issuer as certified_issuer
from ocsp import selectors
from ocsp.models import Specimen
from ocsp.specimens import SpecimenState
from portal import moments, words
from portal.words import Tag, Text

_PEM: Final = "application/x-pem-file"
_OTHER_ISSUER: Final = "other_issuer"

_NAMES: Final[Mapping[SpecimenState, tuple[Text, Tag]]] = {
    SpecimenState.GOOD: (
        gettext_lazy("Good"),
        Tag(tone="ok", icon="check-circle", label=gettext_lazy("Accept")),
    ),
    SpecimenState.REVOKED: (
        gettext_lazy("Revoked"),
        Tag(tone="bad", icon="slash-circle", label=gettext_lazy("Refuse")),
    ),
    SpecimenState.EXPIRED: (
        gettext_lazy("Expired"),
        Tag(tone="bad", icon="slash-circle", label=gettext_lazy("Refuse")),
    ),
    SpecimenState.NEVER_ISSUED: (
        gettext_lazy("Never issued"),
        Tag(tone="bad", icon="slash-circle", label=gettext_lazy("Refuse")),
    ),
    SpecimenState.WRONG_ISSUER: (
        gettext_lazy("Another issuer's"),
        Tag(tone="bad", icon="slash-circle", label=gettext_lazy("Refuse")),
    ),
}
_TOLD: Final[Mapping[SpecimenState, Text]] = {
    SpecimenState.GOOD: gettext_lazy("Issued by us, valid, and not revoked."),
    SpecimenState.REVOKED: gettext_lazy("Issued by us and revoked; its reason is cessationOfOperation."),
    SpecimenState.EXPIRED: gettext_lazy(
        "Issued by us for two minutes: whatever OCSP still says of it, its time is over."
    ),
    SpecimenState.NEVER_ISSUED: gettext_lazy(
        "It names our issuer, but we never signed it. It is on no list: only OCSP and the signature tell."
    ),
    SpecimenState.WRONG_ISSUER: gettext_lazy(
        "It comes from an issuer that is not ours, and names our OCSP service all the same."
    ),
}
_OCSP: Final[Mapping[SpecimenState, str]] = {
    SpecimenState.GOOD: "good",
    SpecimenState.REVOKED: "revoked",
    SpecimenState.EXPIRED: "good · unknown · unauthorized",
    SpecimenState.NEVER_ISSUED: "unknown · unauthorized",
    SpecimenState.WRONG_ISSUER: "unauthorized",
}
_LISTED: Final[Mapping[SpecimenState, Text]] = {
    SpecimenState.GOOD: gettext_lazy("not listed"),
    SpecimenState.REVOKED: gettext_lazy("listed"),
    SpecimenState.EXPIRED: gettext_lazy("not listed"),
    SpecimenState.NEVER_ISSUED: gettext_lazy("not listed"),
    SpecimenState.WRONG_ISSUER: gettext_lazy("no list of ours"),
}
_VERIFIED: Final[Mapping[SpecimenState, str]] = {
    SpecimenState.GOOD: "OK",
    SpecimenState.REVOKED: "certificate revoked",
    SpecimenState.EXPIRED: "certificate has expired",
    SpecimenState.NEVER_ISSUED: "unable to get local issuer certificate",
    SpecimenState.WRONG_ISSUER: "unable to get local issuer certificate",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecimenRow:
    """A test certificate with the answers that a relying service must get."""

    name: Text
    tag: Tag
    told: Text
    ocsp: str
    listed: Text
    verified: str
    url: str
    serial: str
    ends: str
    commands: str
    environment: Tag | None = None


def specimen_rows(*, at: datetime) -> list[SpecimenRow]:
    """Return the test certificates that are in their state, in the order in which they are told."""
    ready = {one.state: one for one in selectors.specimens()}
    return [_row(state, ready[state.value], at=at) for state in SpecimenState if state.value in ready]


def _row(state: SpecimenState, row: Specimen, *, at: datetime) -> SpecimenRow:
    certificate = x509.load_der_x509_certificate(bytes(row.certificate_der))
    name, tag = _NAMES[state]
    issuer = certified_issuer(row.issuer_key)
    return SpecimenRow(
        name=name,
        tag=tag,
        told=_TOLD[state],
        ocsp=_OCSP[state],
        listed=_LISTED[state],
        verified=_VERIFIED[state],
        url=reverse("status-specimen", args=[state.value]),
        serial=f"{certificate.serial_number:x}",
        ends=_("ends %(when)s") % {"when": moments.moment(certificate.not_valid_after_utc, now=at)},
        commands=commands(state, issuer),
        environment=words.environment_tag(issuer.environment),
    )


def commands(state: SpecimenState, issuer: Issuer) -> str:
    """Return what to type to get the answers: fetch, ask OCSP, verify with the list."""
    files = files_of(issuer)
    facts = files.facts_of(issuer)
    here = f"{settings.SIGILL_PORTAL_URL}/status"
    asked_with = "chain.pem"
    lines = [
        f"curl -s {here}/test/{state.value}.pem -o test.pem",
        f"curl -s {here}/chain/{issuer.key}.pem -o chain.pem",
    ]
    if state is SpecimenState.WRONG_ISSUER:
        asked_with = "other.pem"
        lines.append(f"curl -s {here}/test/{_OTHER_ISSUER}.pem -o other.pem")
    lines += [
        f"openssl ocsp -issuer {asked_with} -cert test.pem -CAfile chain.pem -url {files.addresses.ocsp}",
        f"curl -s {facts.crl_url} | openssl crl -inform DER -out list.pem",
        "openssl verify -crl_check -CAfile chain.pem -CRLfile list.pem test.pem",
    ]
    return "\n".join(lines)


@require_safe
def download_specimen(request: HttpRequest, state: str) -> HttpResponse:  # noqa: ARG001 - open to all
    """Answer a test certificate in PEM, or the issuer of the one that is not ours."""
    wanted = SpecimenState.WRONG_ISSUER.value if state == _OTHER_ISSUER else state
    row = selectors.specimen(wanted)
    if row is None:
        raise Http404
    der = row.own_issuer_der if state == _OTHER_ISSUER else row.certificate_der
    return _file(certificate_pem(bytes(der)), name=f"{state}.pem")


@require_safe
def download_chain(request: HttpRequest, issuer_key: str) -> HttpResponse:  # noqa: ARG001 - open to all
    """Answer an issuer and those above it in PEM, the root last."""
    try:
        return _file(chain_pem(issuer_key), name=f"{issuer_key}.pem")
    except UnknownIssuer as error:
        raise Http404 from error


def _file(pem: str, *, name: str) -> HttpResponse:
    response = HttpResponse(pem, content_type=_PEM)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
