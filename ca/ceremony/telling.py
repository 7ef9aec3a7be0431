"""A plan in plain sentences, for the command line: exactly what would be done, and what it means."""

from collections.abc import Iterator

from ca.ceremony.consequence import Consequence
from ca.ceremony.planning import Facts, Planned
from ca.ceremony.script import Act


def tell(planned: Planned) -> Iterator[str]:
    """Yield the lines of a plan."""
    yield f"{planned.script.title} ({planned.script.environment.value})"
    yield f"script SHA-256 {planned.script.sha256}"
    yield f"plan   SHA-256 {planned.sha256}"
    for facts in planned.steps:
        yield from _step(facts)
    for one in planned.consequences:
        yield from _consequence(one)


def _step(facts: Facts) -> Iterator[str]:
    issuer = facts.get("issuer", "")
    number = f"{facts['step']}. "
    match Act(str(facts["act"])):
        case Act.ADD_ISSUER | Act.ROLL_OVER as act:
            yield f"{number}make key {issuer} ({facts['algorithm']}) and key {issuer}.ocsp.1"
            yield f"   certificate {facts['common_name']} by {facts['issued_by']}; OCSP signer; first CRL"
            yield f"   issues {_joined(facts['issues'])}; policies {_joined(facts['policies'])}"
            old = facts.get("old")
            if act is Act.ROLL_OVER and isinstance(old, dict):
                yield f"   {old['issuer']} ({old['common_name']}) takes no new requests; status goes on"
        case Act.RENEW_ISSUER:
            yield f"{number}new certificate for the key of {issuer}; it replaces"
            yield f"   SHA-256 {facts.get('certificate_sha256', 'the one made above')}"
        case Act.RETIRE_ISSUER:
            yield f"{number}{issuer} takes no new requests"
            yield "   its CRL and OCSP go on until its last certificate has expired"
            yield from _orphaned(facts)
        case Act.RENEW_AUDIT:
            yield f"{number}new certificate for the audit key by {facts['issued_by']}; it replaces"
            yield f"   SHA-256 {facts['certificate_sha256']}; signed heads verify as before"
        case Act.ROOT_CRL:
            yield f"{number}new CRL of the root {issuer}"
        case Act.REVOKE_ISSUER:
            yield f"{number}revoke {issuer} ({facts['common_name']}), reason {facts['reason']}, for ever"
            for sha256 in facts["revokes"] if isinstance(facts["revokes"], list) else ():
                yield f"   its certificate SHA-256 {sha256} goes on the root's CRL and OCSP"
            yield from _orphaned(facts)


def _orphaned(facts: Facts) -> Iterator[str]:
    if facts.get("nobody_issues_then"):
        yield f"   then nobody issues {_joined(facts['nobody_issues_then'])}: that will be refused"


def _consequence(one: Consequence) -> Iterator[str]:
    yield f"What hangs on {one.issuer} ({one.common_name}) now:"
    yield (
        f"   {one.live_certificates} live certificates of {one.people} people on {one.cards} cards and "
        f"{one.functions} functions; {one.waiting_requests} requests wait"
    )
    yield f"   relying parties ask at {' and '.join(one.status_addresses)}"
    yield "   If it is revoked: each of these certificates is revoked, logins with them are refused and their"
    yield "   sessions end, and every card and function needs new certificates."
    yield "   If it is retired: nothing of that."


def _joined(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) and value else "none"
