"""Explanations of what the certificate authority refuses or cannot do."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from portal.wordings.wording import Wording

_BROKEN = _("Something in the installation is not as it should be. Nothing was issued and nothing was lost.")

CA: Final[Mapping[str, Wording]] = {
    "ca_error": Wording(
        status=409, title=_("The certificate authority said no"), text=_("The request was refused.")
    ),
    "pki": Wording(status=500, title=_("The certificate could not be made"), text=_BROKEN, fixer="operator"),
    "signing_unavailable": Wording(
        status=503,
        title=_("Signing is not possible right now"),
        text=_("The key store does not answer. The work is kept and done as soon as it does."),
        fixer="time",
    ),
    "landing_receipt_not_yet": Wording(
        status=409,
        title=_("The receipt cannot be had yet"),
        text=_("It is made when the block has been seen by everybody who asks, and then sealed."),
        fixer="time",
    ),
    "signing_refused": Wording(
        status=500, title=_("The key store refused to sign"), text=_BROKEN, fixer="operator"
    ),
    "no_service_signer": Wording(
        status=503,
        title=_("There is no key to seal or stamp with yet"),
        text=_("The worker makes it. What waits is sealed as soon as it is there."),
        fixer="time",
    ),
    "unknown_issuer": Wording(
        status=503,
        title=_("There is no such issuer"),
        text=_("The key ceremony has not been held, or the issuer has another name here."),
        fixer="operator",
    ),
    "unknown_certificate": Wording(
        status=404,
        title=_("The certificate was not found"),
        text=_("No certificate has that number, or it lies outside your role."),
        fixer="role",
    ),
    "unknown_certificate_request": Wording(
        status=404, title=_("The request was not found"), text=_("No certificate request has that number.")
    ),
    "key_refused": Wording(
        status=422,
        title=_("The key cannot be certified"),
        text=_("It is weak, damaged or known to be compromised. Make a new key and send a new request."),
        fixer="you",
    ),
    "weak_key": Wording(
        status=422,
        title=_("The key is too weak"),
        text=_("Make a new key: RSA of at least 2048 bits, or EC P-256 or P-384."),
        fixer="you",
    ),
    "csr_refused": Wording(
        status=422,
        title=_("The certificate request cannot be read"),
        text=_("It must be PKCS#10 with a signature by the key it holds."),
        fixer="you",
    ),
    "profile_refused": Wording(
        status=422,
        title=_("The request does not fit its kind of certificate"),
        text=_("Some part is missing, too long or not allowed in this kind of certificate."),
        fixer="you",
    ),
    "profile_violation": Wording(
        status=422,
        title=_("The request does not fit its kind of certificate"),
        text=_("Some part is missing, too long or not allowed in this kind of certificate."),
        fixer="support",
    ),
    "idempotency_conflict": Wording(
        status=409,
        title=_("The same request was sent before with other content"),
        text=_("Send it again as a new request."),
        fixer="you",
    ),
    "reason_refused": Wording(
        status=422,
        title=_("The reason cannot be used"),
        text=_("Choose a reason from the list."),
        fixer="you",
    ),
    "requested_before_certificate": Wording(
        status=422,
        title=_("The time lies before the certificate"),
        text=_(
            "The certificate is valid from %(begins_at)s; nobody can have asked for its revocation earlier."
        ),
        fixer="you",
    ),
    "approval_refused": Wording(
        status=409,
        title=_("Two different people are needed"),
        text=_("Somebody else than who made the list must approve it, and only once."),
        fixer="you",
    ),
    "unknown_mass_revocation": Wording(
        status=404,
        title=_("There is no such mass revocation"),
        text=_("Check the number, or look in the list."),
        fixer="you",
    ),
    "crl_refused": Wording(
        status=500,
        title=_("The revocation list was not published"),
        text=_("It would have lost a revoked certificate or gone back in time. The old list still stands."),
        fixer="operator",
    ),
    "ledger_damaged": Wording(
        status=500, title=_("The revocation ledger is damaged"), text=_BROKEN, fixer="operator"
    ),
    "policy_file_refused": Wording(
        status=500, title=_("A policy file is wrong"), text=_BROKEN, fixer="operator"
    ),
    "lint_failed": Wording(
        status=500,
        title=_("The certificate would not follow the standard"),
        text=_("It was checked before signing and stopped."),
        fixer="operator",
    ),
    "already_redeemed": Wording(
        status=500, title=_("The certificate was already signed"), text=_BROKEN, fixer="operator"
    ),
    "signer_mismatch": Wording(
        status=500, title=_("The key is not the issuer's"), text=_BROKEN, fixer="operator"
    ),
    "signature_invalid": Wording(
        status=422,
        title=_("The signature does not hold"),
        text=_("It was not made by the key named."),
        fixer="support",
    ),
    "token_fault": Wording(status=503, title=_("The key store has a fault"), text=_BROKEN, fixer="operator"),
    "pin_missing": Wording(
        status=503, title=_("The PIN of the key store cannot be read"), text=_BROKEN, fixer="operator"
    ),
    "pin_refused": Wording(
        status=503, title=_("The key store does not accept its PIN"), text=_BROKEN, fixer="operator"
    ),
    "token_absent": Wording(
        status=503, title=_("The key store is not there"), text=_BROKEN, fixer="operator"
    ),
    "key_absent": Wording(
        status=503, title=_("A key is missing in the key store"), text=_BROKEN, fixer="operator"
    ),
    "token_damaged": Wording(status=503, title=_("The key store is damaged"), text=_BROKEN, fixer="operator"),
    "token_busy": Wording(
        status=503,
        title=_("The key store is busy"),
        text=_("Another process holds it. It is tried again."),
        fixer="time",
    ),
    "token_circuit_open": Wording(
        status=503,
        title=_("The key store rests after many faults"),
        text=_("It is tried again by itself in a moment."),
        fixer="time",
    ),
    "bad_signer_frame": Wording(
        status=503, title=_("The signer was not understood"), text=_BROKEN, fixer="operator"
    ),
    "ceremony_stopped": Wording(
        status=409, title=_("The key ceremony cannot go on"), text=_BROKEN, fixer="operator"
    ),
    "ceremony_held_before": Wording(
        status=409,
        title=_("The key ceremony was already held"),
        text=_("It is held once only."),
        fixer="operator",
    ),
    "ceremony_script_refused": Wording(
        status=422, title=_("The script of the ceremony is refused"), text=_BROKEN, fixer="operator"
    ),
    "ceremony_not_approved": Wording(
        status=409,
        title=_("Two people have not approved this"),
        text=_("Two different people of the central administration must approve the plan first."),
        fixer="central_administrator",
    ),
    "ceremony_approval_refused": Wording(
        status=403,
        title=_("You cannot approve this plan"),
        text=_(
            "Two different people of the central administration approve a plan, each logged in at assurance "
            "level 3, while it waits; nobody approves twice."
        ),
        fixer="central_administrator",
    ),
    "unknown_ceremony_plan": Wording(
        status=404, title=_("The plan was not found"), text=_("No ceremony plan has that number.")
    ),
    "request_under_way": Wording(
        status=409,
        title=_("The request is being worked on"),
        text=_("Another process has it just now. Wait a moment."),
        fixer="time",
    ),
    "token_copy_unusable": Wording(
        status=503, title=_("The copy of the key store cannot be used"), text=_BROKEN, fixer="operator"
    ),
}
