"""What retiring or revoking an issuer means, in numbers: for people, cards, functions and whoever relies."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Self

from django.db.models import Count, Q, QuerySet

from ca.models import Certificate, Issuer
from ca.policy_files import files_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """Figures about one issuer at one moment. Live: neither expired nor revoked, our own signers left out."""

    issuer: str
    common_name: str
    live_certificates: int
    people: int
    cards: int
    functions: int
    waiting_requests: int
    status_addresses: tuple[str, ...]
    """Where relying parties ask about its certificates: those who do are told."""
    serial_numbers: tuple[str, ...]
    """Of its own certificates that the root would list as revoked."""

    def as_json(self) -> dict[str, object]:
        """Return the figures for a plan or protocol."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, facts: dict[str, object]) -> Self:
        """Read what ``as_json`` wrote."""
        return cls(**{name: tuple(v) if isinstance(v, list) else v for name, v in facts.items()})  # type: ignore[arg-type]


def consequence_for(issuer: Issuer, *, at: datetime) -> Consequence:
    """Count what hangs on an issuer."""
    live = live_certificates(issuer, at=at)
    counted = live.aggregate(
        people=Count("person_id", distinct=True, filter=~Q(person_id="")),
        cards=Count("carrier_id", distinct=True, filter=Q(carrier_kind="card")),
        functions=Count("carrier_id", distinct=True, filter=Q(carrier_kind="function")),
    )
    facts = files_of(issuer).facts_of(issuer)
    own = Certificate.objects.filter(carrier_id=issuer.key, profile__in=("issuer", "root"))
    return Consequence(
        issuer=issuer.key,
        common_name=issuer.common_name,
        live_certificates=live.count(),
        people=counted["people"],
        cards=counted["cards"],
        functions=counted["functions"],
        waiting_requests=issuer.requests.filter(state__in=("requested", "signing")).count(),
        status_addresses=(facts.ocsp_url, facts.crl_url),
        serial_numbers=tuple(
            own.filter(revoked_at__isnull=True).order_by("issued_at").values_list("serial_hex", flat=True)
        ),
    )


def live_certificates(issuer: Issuer, *, at: datetime) -> QuerySet[Certificate]:
    """Return what an issuer issued and somebody may still use; its OCSP signers are not among it."""
    found = Certificate.objects.filter(issuer=issuer, revoked_at__isnull=True, not_after__gt=at)
    return found.exclude(profile="ocsp_signer")
