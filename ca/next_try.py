"""Under which key our own services ask for a certificate again, after a try that failed."""

from datetime import datetime, timedelta
from typing import Final

from ca.models import CertificateRequest
from ca.request_draft import CarrierKind
from ca.states import RequestState

AGAIN_AFTER: Final = timedelta(hours=1)
"""Long enough that a fault of days leaves no flood of requests; short against the weeks that are left."""


def next_try(profile: str, label: str, *, at: datetime) -> str:
    """Return the idempotency key of a service's request for the key of this label.

    A request that failed is never made again, so an hour later the service asks by another: a fault that
    somebody has mended does not keep it from its certificate. Until then the key of the failed one is given,
    whose failure says why.
    """
    stem = f"{profile}:{label}"
    tries = CertificateRequest.objects.filter(
        profile=profile,
        carrier_kind=CarrierKind.NONE.value,
        carrier_id=label,
        idempotency_key__startswith=stem,  # a ceremony asks for itself
    )
    latest = tries.order_by("-requested_at").first()
    if latest is None:
        return stem
    if latest.state != RequestState.FAILED.value or at < latest.requested_at + AGAIN_AFTER:
        return latest.idempotency_key
    return f"{stem}:{tries.count()}"
