"""How somebody logs in: one interface, out of band over the card client, or by the browser's two-way TLS.

Nothing else in the portal knows how somebody logged in.
"""

import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase

from authn import orders
from authn.checks import Requirement
from authn.errors import OrderNotFound, ReturnCodeWrong
from authn.evidence import (
    RP_CHALLENGE_OCTETS,
    BindingMismatch,
    Flow,
    Purpose,
    Question,
    b64,
    hashed,
    return_proof,
    unb64,
    verify_return,
)
from authn.hints import FailureHint, PendingHint
from authn.mtls import attempts
from authn.qr import qr_text
from authn.relying_parties import register
from authn.trust import Carrier
from portal.accounts import means
from portal.accounts.errors import LoginFailed
from portal.accounts.relying_party import client_link, rp_actor, rp_id, rp_name, rp_registration
from portal.accounts.result import AuthnResult
from portal.accounts.second_check import shown_result, verified_result

RETURN_PATH = "/login/oob/return"
MTLS_RETURN_PATH = "/login/mtls/return"
RETURN_MISMATCH = "returnMismatch"
_SESSION_KEY = "oob"
_MTLS_KEY = "mtls"
RETURN_CODE_WRONG = "returnCodeWrong"
RETURN_CODE_SPENT = "returnCodeSpent"
_RESTARTS = 5
_LONGEST_WAIT = timedelta(minutes=5)
_CARRIERS = {
    Flow.SAME_DEVICE: (Carrier.CARD.value,),
    Flow.OTHER_DEVICE: (Carrier.CARD.value, Carrier.MOBILE.value),
}
"""A phone is another device: what it opens is the holder's own pages, as every scanned login."""
_VISIBLE = {"sv": "Logga in i {name}", "en": "Log in to {name}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What the browser may know of a login under way. `client_link` is empty without a client page."""

    order_ref: str
    autostart_url: str
    client_link: str
    verification_code: str
    claim_before: datetime
    poll_interval: int
    is_scanned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """The card client has not answered; `hint` is one of authn's pending hints."""

    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The card client has answered; the browser must come back through the return address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Nothing will come of it; `hint` is one of authn's failure hints."""

    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Where the browser is sent for a login that has no page of ours to wait on."""

    attempt_ref: str
    start_url: str


class LoginProvider(Protocol):
    """Start a login, ask how it goes, finish it; the state lies in the browser's own session."""

    def start(self, session: SessionBase, *, language: str, address: str, at: datetime) -> Challenge | Errand:
        """Start a login bound to this session; an earlier one of the same session is dropped."""
        ...

    def poll(self, session: SessionBase, *, at: datetime) -> Pending | Done | Failed | None:
        """Say how the session's login goes; None when there is none. Never logs anybody in."""
        ...

    def finish(self, session: SessionBase, proofs: Mapping[str, str], *, at: datetime) -> AuthnResult:
        """Return who it is, once; raises LoginFailed."""
        ...


class OobProvider:
    """Out of band: the card client signs, and sends this very browser back (same-device flow)."""

    def start(
        self,
        session: SessionBase,
        *,
        language: str,
        address: str,
        at: datetime,
        flow: Flow = Flow.SAME_DEVICE,
        restarts: int = 0,
    ) -> Challenge:
        """See LoginProvider; ``flow`` other-device shows a code. Raises authn's TooManyRequests."""
        self.cancel(session, at=at)
        rp = register(rp_registration(), actor=rp_actor(), at=at)
        rp_challenge = secrets.token_bytes(RP_CHALLENGE_OCTETS)
        visible_text = _VISIBLE["en" if language == "en" else "sv"].format(name=rp_name())
        request = orders.StartRequest(
            rp_challenge=rp_challenge,
            return_url=_return_url(),
            visible_text=visible_text,
            flow=flow,
            language=language,
            requirement=Requirement(loas=means.LOGIN_LOAS, carriers=_CARRIERS[flow]),
            end_user_address=address,
        )
        started = orders.start(rp.rp_id, request, actor=rp_actor(), at=at)
        autostart_url = f"siths://auth/1/{started.autostart_token}"
        session[_SESSION_KEY] = {
            "order_ref": started.order_ref,
            "rp_challenge": b64(rp_challenge),
            "session_secret": b64(started.session_secret),
            "rp_name": started.rp_name,
            "visible_text": visible_text,
            "autostart_url": autostart_url,
            "verification_code": started.verification_code,
            "claim_before": started.claim_before.isoformat(),
            "started_at": at.isoformat(),
            "flow": flow.value,
            "qr_token": started.qr_start_token,
            "qr_secret": b64(started.qr_start_secret),
            "restarts": str(restarts),
            "language": language,
        }
        challenge = self.challenge(session)
        if challenge is None:
            raise AssertionError("the session keeps what was just put there")
        return challenge

    def challenge(self, session: SessionBase) -> Challenge | None:
        """Return the login under way in this session, if any."""
        kept = _kept(session)
        if kept is None:
            return None
        return Challenge(
            order_ref=kept["order_ref"],
            autostart_url=kept["autostart_url"],
            client_link=client_link(kept["autostart_url"]),
            verification_code=kept["verification_code"],
            claim_before=datetime.fromisoformat(kept["claim_before"]),
            poll_interval=orders.POLL_INTERVAL,
            is_scanned=kept["flow"] == Flow.OTHER_DEVICE,
        )

    def order_ref(self, session: SessionBase) -> str:
        """Return the order under way in this session; empty for none."""
        kept = _kept(session)
        return kept["order_ref"] if kept else ""

    def frame(self, session: SessionBase, *, at: datetime) -> str | None:
        """Return what the code says this second; None when there is nothing (more) to scan."""
        kept = _kept(session)
        if kept is None or kept["flow"] != Flow.OTHER_DEVICE:
            return None
        if self.poll(session, at=at) != Pending(hint=PendingHint.OUTSTANDING.value):
            return None
        second = int((at - datetime.fromisoformat(kept["started_at"])).total_seconds())
        return qr_text(kept["qr_token"], secret=unb64(kept["qr_secret"]), second=max(second, 0))

    def refresh(self, session: SessionBase, *, address: str, at: datetime) -> bool:
        """Start over for somebody who has not scanned within a minute, five times; tell whether it did."""
        kept = _kept(session)
        if kept is None or kept["flow"] != Flow.OTHER_DEVICE or int(kept["restarts"]) >= _RESTARTS:
            return False
        if self.poll(session, at=at) != Failed(hint=FailureHint.START_FAILED.value):
            return False
        self.start(
            session,
            language=kept["language"],
            address=address,
            at=at,
            flow=Flow.OTHER_DEVICE,
            restarts=int(kept["restarts"]) + 1,
        )
        return True

    def finish_scanned(self, session: SessionBase, *, at: datetime) -> AuthnResult:
        """Return who scanned and signed, once; for this session alone. Raises LoginFailed."""
        kept = _kept(session)
        if kept is None or kept["flow"] != Flow.OTHER_DEVICE:
            raise LoginFailed(FailureHint.EXPIRED.value)
        collected = self._collected(session, kept, at=at)
        result = verified_result(
            _question(kept, collected),
            collected,
            amr=means.SCANNED,
            loas=means.LOGIN_LOAS,
            carriers=_CARRIERS[Flow.OTHER_DEVICE],
            at=at,
        )
        is_phone = result.carrier == Carrier.MOBILE
        return replace(result, amr=means.SCANNED_BY_PHONE) if is_phone else result

    def poll(self, session: SessionBase, *, at: datetime) -> Pending | Done | Failed | None:
        """See LoginProvider: reads how the order goes, and gives nothing away."""
        kept = _kept(session)
        if kept is None:
            return None
        try:
            seen = orders.progress(rp_id(), kept["order_ref"], at=at)
        except OrderNotFound:
            return Failed(hint=FailureHint.EXPIRED.value)
        return _told(seen)

    def finish(self, session: SessionBase, proofs: Mapping[str, str], *, at: datetime) -> AuthnResult:
        """See LoginProvider: `proofs` are `d` and `u` of the return address.

        The session must be the one that started the order, `d` must be of its own secret, and `u` of the
        client that signed; the order is collected once. A wrong `d` leaves the login as it is, so that a
        foreign link opened in this browser ends nothing.
        """
        kept = _kept(session)
        d, u = proofs.get("d", ""), proofs.get("u", "")
        if kept is None or at - datetime.fromisoformat(kept["started_at"]) > _LONGEST_WAIT:
            raise LoginFailed(FailureHint.EXPIRED.value)
        session_secret = unb64(kept["session_secret"])
        if not secrets.compare_digest(return_proof(session_secret).encode(), d.encode()):
            raise LoginFailed(RETURN_MISMATCH, "the link is not for this browser")
        if kept["flow"] != Flow.SAME_DEVICE:
            raise LoginFailed(RETURN_MISMATCH, "a scanned login comes back by no link")
        collected = self._collected(session, kept, at=at)
        try:
            verify_return(session_secret=session_secret, user_challenge=collected.user_challenge, d=d, u=u)
        except BindingMismatch as error:
            raise LoginFailed(RETURN_MISMATCH) from error
        return verified_result(
            _question(kept, collected), collected, amr=means.SAME_DEVICE, loas=means.LOGIN_LOAS, at=at
        )

    def finish_by_code(self, session: SessionBase, code: str, *, at: datetime) -> AuthnResult:
        """Return who it is, once, to the browser that started and that the client could not open.

        `code` are the digits that the client shows; three tries. Raises LoginFailed.
        """
        kept = _kept(session)
        if kept is None or kept["flow"] != Flow.SAME_DEVICE:
            raise LoginFailed(FailureHint.EXPIRED.value)
        collected = self._collected(session, kept, at=at, code=code)
        return verified_result(
            _question(kept, collected), collected, amr=means.TYPED, loas=means.LOGIN_LOAS, at=at
        )

    @staticmethod
    def _collected(
        session: SessionBase, kept: Mapping[str, str], *, at: datetime, code: str | None = None
    ) -> orders.Complete:
        order_ref, actor = kept["order_ref"], rp_actor()
        try:
            if code is None:
                collected = orders.collect(rp_id(), order_ref, actor=actor, at=at)
            else:
                collected = orders.collect_by_code(rp_id(), order_ref, code, actor=actor, at=at)
        except ReturnCodeWrong as error:
            raise LoginFailed(RETURN_CODE_WRONG if error.tries_left else RETURN_CODE_SPENT) from error
        except OrderNotFound as error:
            raise LoginFailed(FailureHint.EXPIRED.value) from error
        match collected:
            case orders.Pending():
                raise LoginFailed(RETURN_MISMATCH, "returned before the card signed")
            case orders.Failed(hint=hint):
                raise LoginFailed(hint.value)
            case orders.Complete():
                session.pop(_SESSION_KEY)
                return collected

    def cancel(self, session: SessionBase, *, at: datetime) -> None:
        """Drop the session's login, if there is one; harmless when there is none."""
        kept = _kept(session)
        if kept is None:
            return
        session.pop(_SESSION_KEY)
        try:
            orders.cancel(rp_id(), kept["order_ref"], actor=rp_actor(), at=at)
        except OrderNotFound:
            return  # outlived already


class MtlsProvider:
    """Two-way TLS: the browser shows the card's certificate to names that ask for one, and comes back."""

    def start(self, session: SessionBase, *, language: str, address: str, at: datetime) -> Errand:
        """See LoginProvider. Raises authn's MtlsNotOffered and TooManyRequests."""
        self.cancel(session, at=at)
        rp = register(rp_registration(), actor=rp_actor(), at=at)
        request = attempts.MtlsRequest(
            return_url=f"{settings.SIGILL_PORTAL_URL}{MTLS_RETURN_PATH}",
            language=language,
            requirement=Requirement(loas=means.LOGIN_LOAS, carriers=(Carrier.CARD.value,)),
            end_user_address=address,
        )
        started = attempts.start(rp.rp_id, request, actor=rp_actor(), at=at)
        session[_MTLS_KEY] = {"attempt_ref": started.attempt_ref, "tx": started.tx}
        return Errand(attempt_ref=started.attempt_ref, start_url=started.start_url)

    def attempt_ref(self, session: SessionBase) -> str:
        """Return the attempt under way in this session; empty for none."""
        return _kept_mtls(session).get("attempt_ref", "")

    def poll(self, session: SessionBase, *, at: datetime) -> Pending | Done | Failed | None:
        """See LoginProvider."""
        kept = _kept_mtls(session)
        if not kept:
            return None
        try:
            seen = attempts.progress(rp_id(), kept["tx"], at=at)
        except OrderNotFound:
            return Failed(hint=FailureHint.EXPIRED.value)
        return _told(seen)

    def finish(self, session: SessionBase, proofs: Mapping[str, str], *, at: datetime) -> AuthnResult:
        """See LoginProvider: `proofs` is the `code` of the return address.

        The session must be the one that started the attempt: a code that was planted finds no `tx` here, or
        another one, and leaves the login under way as it is.
        """
        kept = _kept_mtls(session)
        if not kept:
            raise LoginFailed(RETURN_MISMATCH, "no login was started in this browser")
        try:
            redeemed = attempts.redeem(rp_id(), kept["tx"], proofs.get("code", ""), actor=rp_actor(), at=at)
        except OrderNotFound as error:
            is_pending = isinstance(self.poll(session, at=at), Pending | Done)
            hint = RETURN_MISMATCH if is_pending else FailureHint.EXPIRED.value
            raise LoginFailed(hint) from error
        session.pop(_MTLS_KEY)
        return shown_result(redeemed, amr=means.BY_MTLS, loas=means.LOGIN_LOAS, at=at)

    def cancel(self, session: SessionBase, *, at: datetime) -> None:
        """Drop the session's login, if there is one; harmless when there is none."""
        kept = _kept_mtls(session)
        if not kept:
            return
        session.pop(_MTLS_KEY)
        with suppress(OrderNotFound):  # outlived already
            attempts.cancel(rp_id(), kept["tx"], actor=rp_actor(), at=at)


def _told(seen: orders.Pending | orders.Failed | orders.Ready) -> Pending | Done | Failed:
    """Return how a login goes in the portal's words, whichever way it is made."""
    match seen:
        case orders.Pending(hint=hint):
            return Pending(hint=hint.value)
        case orders.Failed(hint=failure):
            return Failed(hint=failure.value)
        case orders.Ready():
            return Done()


def _kept_mtls(session: SessionBase) -> Mapping[str, str]:
    kept: Mapping[str, str] = session.get(_MTLS_KEY, {})
    return kept


def _question(kept: Mapping[str, str], collected: orders.Complete) -> Question:
    """Return what was to be signed, from our own session and nothing that came back."""
    return Question(
        purpose=Purpose.AUTH.value,
        order_ref=kept["order_ref"],
        server_random=collected.server_random,
        rp_challenge=unb64(kept["rp_challenge"]),
        rp_id=rp_id(),
        rp_name=rp_name(),
        rp_origin=settings.SIGILL_PORTAL_URL,
        visible_text=kept["visible_text"],
        non_visible_hash=hashed(b""),
        flow=kept["flow"],
        expires_at=collected.expires_at,
    )


def _kept(session: SessionBase) -> Mapping[str, str] | None:
    kept: Mapping[str, str] | None = session.get(_SESSION_KEY)
    return kept


def _return_url() -> str:
    return f"{settings.SIGILL_PORTAL_URL}{RETURN_PATH}"
