"""What the journal keeps of ACME: ids, names of hosts and problem types; no contacts, no keys."""

from dataclasses import dataclass
from typing import ClassVar

from journal.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutAnObject(Event):
    function_object_id: str
    organization_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcmeKeyCreated(_AboutAnObject):
    """An external account key was made for a function object and shown once."""

    TYPE: ClassVar[str] = "acme_key.created"
    IS_PRIVILEGED: ClassVar[bool] = True
    external_key_id: str
    valid_until: str
    receipt_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcmeKeyApproved(_AboutAnObject):
    """A second person approved an external account key: what its accounts order waits for nobody."""

    TYPE: ClassVar[str] = "acme_key.approved"
    IS_PRIVILEGED: ClassVar[bool] = True
    external_key_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcmeKeyRevoked(_AboutAnObject):
    """An external account key was taken back, and every account that it opened."""

    TYPE: ClassVar[str] = "acme_key.revoked"
    external_key_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutAnAccount(_AboutAnObject):
    acme_account_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcmeAccountCreated(_AboutAnAccount):
    """A program opened an account with an external account key."""

    TYPE: ClassVar[str] = "acme_account.created"
    IS_PRIVILEGED: ClassVar[bool] = True
    external_key_id: str
    key_thumbprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcmeAccountUpdated(_AboutAnAccount):
    """An account's contacts were changed; the journal does not say to what."""

    TYPE: ClassVar[str] = "acme_account.updated"
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcmeAccountKeyChanged(_AboutAnAccount):
    """An account got another key."""

    TYPE: ClassVar[str] = "acme_account.key_changed"
    IS_PRIVILEGED: ClassVar[bool] = True
    old_key_thumbprint: str
    key_thumbprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcmeAccountEnded(_AboutAnAccount):
    """An account was deactivated by its holder, or revoked."""

    TYPE: ClassVar[str] = "acme_account.ended"
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutAnOrder(_AboutAnAccount):
    acme_order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcmeOrderPlaced(_AboutAnOrder):
    """An account asked for a certificate."""

    TYPE: ClassVar[str] = "acme_order.placed"
    IS_PRIVILEGED: ClassVar[bool] = True
    names: tuple[str, ...]
    profile: str
    is_replacement: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AcmeOrderReady(_AboutAnOrder):
    """Every name of an order is authorized."""

    TYPE: ClassVar[str] = "acme_order.ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class AcmeOrderFinalized(_AboutAnOrder):
    """An order was finalized: a function certificate is ordered."""

    TYPE: ClassVar[str] = "acme_order.finalized"
    IS_PRIVILEGED: ClassVar[bool] = True
    function_order_id: str
    public_key_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcmeOrderIssued(_AboutAnOrder):
    """An order has its certificate."""

    TYPE: ClassVar[str] = "acme_order.issued"
    function_order_id: str
    certificate_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcmeOrderFailed(_AboutAnOrder):
    """An order came to nothing."""

    TYPE: ClassVar[str] = "acme_order.failed"
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutAnAuthorization(_AboutAnAccount):
    acme_authorization_id: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcmeAuthorizationGranted(_AboutAnAuthorization):
    """A name needed no challenge: its organization itself showed its right to it lately."""

    TYPE: ClassVar[str] = "acme_authorization.granted"
    IS_PRIVILEGED: ClassVar[bool] = True
    ground: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcmeAuthorizationEnded(_AboutAnAuthorization):
    """An authorization was given up by its account, or taken back."""

    TYPE: ClassVar[str] = "acme_authorization.ended"
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutAChallenge(_AboutAnAuthorization):
    acme_challenge_id: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcmeChallengeAnswered(_AboutAChallenge):
    """An account says that what a challenge asks for is in its place."""

    TYPE: ClassVar[str] = "acme_challenge.answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class AcmeChallengePassed(_AboutAChallenge):
    """What the challenge asked for was found."""

    TYPE: ClassVar[str] = "acme_challenge.passed"
    IS_PRIVILEGED: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AcmeChallengeFailed(_AboutAChallenge):
    """What the challenge asked for was not found."""

    TYPE: ClassVar[str] = "acme_challenge.failed"
    problem: str
