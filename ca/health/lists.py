"""The published revocation lists: the issuer's own, the newest that is recorded, and young enough."""

from collections.abc import Iterator
from datetime import datetime

from cryptography.hazmat.primitives import hashes

from ca.crl_lists import CrlList, lists_of
from ca.crl_watch import CrlState, crl_age
from ca.health.check import Check, note, right, wrong
from ca.models import Issuer
from ca.published_files import published_crl
from ca.selectors import issuers

_WORKER = "the worker publishes it again when it runs with a signer"


def lists(at: datetime) -> Iterator[Check]:
    """Look at every list of every issuer: whole, delta and shards."""
    for issuer in issuers():
        for one in lists_of(issuer):
            yield _list(issuer, one, at=at)


def _list(issuer: Issuer, crl_list: CrlList, *, at: datetime) -> Check:
    name, file = f"CRL {crl_list.name}", crl_list.file
    crl = published_crl(file, issuer_der=bytes(issuer.certificate_der))
    if crl is None and crl_list.is_delta and crl_list.latest is None and not file.exists():
        age = crl_age(crl_list, at=at)
        return (note if age.state is CrlState.AWAITED else wrong)(name, age.sentence)
    if crl is None:
        said = "a file that the issuer did not sign is published" if file.exists() else "no CRL is published"
        return wrong(name, said, remedy=_WORKER)
    latest = crl_list.latest
    if latest is None or latest.sha256 != crl.fingerprint(hashes.SHA256()).hex():
        return wrong(name, "the published CRL is not the newest that is recorded", remedy=_WORKER)
    age = crl_age(crl_list, at=at)
    if age.state is CrlState.FRESH:
        return right(name, age.sentence)
    return wrong(name, age.sentence, remedy=_WORKER)
