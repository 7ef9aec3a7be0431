"""What is refused before a request is registered: who may ask for what, of whom, with which key."""

from typing import Final

from ca.blocklist import BlockedKeys
from ca.errors import KeyRefused, ProfileRefused
from ca.models import Issuer
from ca.pki import weak_keys
from ca.pki.errors import ProfileViolation, WeakKey
from ca.pki.profile import Profile
from ca.pki.subject import SubjectFacts, check_subject
from ca.policy_files import PolicyFiles
from ca.request_draft import CarrierKind, RequestDraft
from journal.actor import Actor, ActorKind

OCSP_SIGNER: Final = "ocsp_signer"
"""The one profile that an issuer goes on issuing after it was retired: its status must be told to the end."""


def check_profile(
    files: PolicyFiles, profile: Profile, subject: SubjectFacts, kind: CarrierKind, actor: Actor
) -> None:
    """Raise ``ProfileRefused`` where the profile is not for that carrier, or the subject does not fit it."""
    is_ours = files.hierarchy.key_class(profile.key_class).signature_algorithm is not None
    if is_ours is not (kind is CarrierKind.NONE) or (is_ours and actor.kind is not ActorKind.SYSTEM):
        raise ProfileRefused(
            f"{profile.name} is not for a key on a {kind.value}",
            facts={"profile": profile.name, "rule": "carrier"},
        )
    try:
        check_subject(profile, subject)
    except ProfileViolation as violation:
        raise ProfileRefused(
            f"the subject does not fit {profile.name}: {violation}",
            facts={"profile": profile.name, **violation.facts},
        ) from violation


def chosen_issuer(
    files: PolicyFiles, profile: Profile, draft: RequestDraft, actor: Actor, issuers: list[Issuer]
) -> str:
    """Return the key of the issuer that a request goes to.

    Raises ``ProfileRefused`` for one that was named and is retired, of the other environment, or does not
    issue the profile; only our own jobs name one.
    """
    named = draft.issuer
    closed = frozenset(
        one.key
        for one in issuers
        if one.environment == files.environment.value
        and (one.retired_at is not None or one.certified_at is None)
    )
    if not named:
        return files.issuer_of(profile, draft.subject.policy, closed=closed)
    _demand_open(named, profile)
    try:
        plan = files.hierarchy.issuer(named)
    except ProfileViolation as violation:
        raise ProfileRefused(
            f"{named} is no issuer of {files.environment.value}",
            facts={"profile": profile.name, "rule": "issuer"},
        ) from violation
    is_own = plan.is_root and plan.profile == profile.name
    if actor.kind is not ActorKind.SYSTEM or not (is_own or profile.name in plan.issues):
        raise ProfileRefused(
            f"{named} does not issue {profile.name}", facts={"profile": profile.name, "rule": "issuer"}
        )
    return plan.key


def _demand_open(named: str, profile: Profile) -> None:
    """Refuse what is asked of an issuer that was retired; its OCSP signers are renewed to the end."""
    if profile.name == OCSP_SIGNER:
        return
    if Issuer.objects.filter(key=named, retired_at__isnull=False).exists():
        raise ProfileRefused(
            f"{named} was retired and issues nothing new",
            facts={"profile": profile.name, "rule": "issuer_retired", "issuer": named},
        )


def check_key(
    files: PolicyFiles, profile: Profile, public_key: bytes, blocked: BlockedKeys, *, is_known: bool
) -> None:
    """Raise ``KeyRefused`` for a weak or blocked key, and for one that is not of the profile's kind."""
    try:
        weak_keys.check(public_key, blocklist=blocked if is_known else weak_keys.NOTHING_BLOCKED)
        fits = files.hierarchy.key_class(profile.key_class).takes(public_key)
    except WeakKey as weak:
        facts = {"weakness": weak.weakness}
        if weak.weakness == "revoked_certificate":
            facts["serial"] = blocked.revoked_serial(public_key) or ""
        raise KeyRefused(f"the key may not be certified: {weak}", facts=facts) from weak
    if not fits:
        raise KeyRefused(
            f"{profile.name} does not take this kind of key",
            facts={"weakness": "kind", "profile": profile.name},
        )
