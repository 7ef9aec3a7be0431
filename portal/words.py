"""The words, tones and icons of every state, reason, document and role: an enum value in, text out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from authn.hints import FailureHint
from ca.environments import Environment
from cards.attestor import AttestorRelation
from cards.mobile.states import MobileState
from cards.products import CardProduct, DocumentKind, IdentityCheckMethod
from cards.reasons import BlockReason
from cards.renewal.states import RenewalState
from cards.replacement_reasons import ReplacementReason
from cards.states import ActivationState, CardOrderState, CardState, UnlockState
from cards.stock_states import LossReason
from directory.models import RegistrationStatus, Role
from functioncerts.models import FunctionKind
from functioncerts.states import FunctionObjectState, FunctionOrderState

Text = str | Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A state as a person sees it: never colour alone, always icon and word."""

    tone: str
    icon: str
    label: Text


def product_name(item: CardProduct) -> str:
    """Return the product's name in the language of the page."""
    return item.name_sv if get_language() == "sv" else item.name_en


QA: Final = Tag(tone="info", icon="cone-striped", label=_("QA, for tests only"))


def environment_tag(environment: str) -> Tag | None:
    """Return the mark of what is QA's; PROD's has none."""
    return QA if environment == Environment.QA.value else None


EXPIRED: Final = Tag(tone="mute", icon="clock-history", label=_("Expired"))

CARD_STATES: Final[Mapping[CardState, Tag]] = {
    CardState.ORDERED: Tag(tone="info", icon="hourglass-split", label=_("Being made")),
    CardState.SHIPPED: Tag(tone="warn", icon="envelope-open", label=_("Sent, not activated")),
    CardState.ACTIVE: Tag(tone="ok", icon="check-circle", label=_("Active")),
    CardState.BLOCKED: Tag(tone="bad", icon="slash-circle", label=_("Blocked")),
    CardState.DISCARDED: Tag(tone="mute", icon="x-circle", label=_("Discarded")),
}

CARD_LOOKS: Final[Mapping[CardState, str]] = {
    CardState.ORDERED: "ordered",
    CardState.SHIPPED: "waiting",
    CardState.ACTIVE: "",
    CardState.BLOCKED: "dead",
    CardState.DISCARDED: "dead",
}

ORDER_STATES: Final[Mapping[CardOrderState, Tag]] = {
    CardOrderState.DRAFT: Tag(tone="mute", icon="pencil", label=_("Draft")),
    CardOrderState.PLACED: Tag(tone="info", icon="inbox", label=_("Ordered")),
    CardOrderState.SENT: Tag(tone="info", icon="send", label=_("With the producer")),
    CardOrderState.IN_PRODUCTION: Tag(tone="info", icon="hourglass-split", label=_("In production")),
    CardOrderState.SHIPPED: Tag(tone="warn", icon="envelope-open", label=_("Sent")),
    CardOrderState.ACTIVATED: Tag(tone="ok", icon="check-circle", label=_("Activated")),
    CardOrderState.CANCELLED: Tag(tone="mute", icon="x-circle", label=_("Cancelled")),
    CardOrderState.REJECTED: Tag(tone="bad", icon="exclamation-octagon", label=_("Refused by the producer")),
    CardOrderState.LAPSED: Tag(tone="mute", icon="clock-history", label=_("Lapsed")),
}

FUNCTION_STATES: Final[Mapping[FunctionOrderState, Tag]] = {
    FunctionOrderState.AWAITING_APPROVAL: Tag(tone="warn", icon="people", label=_("Waits for approval")),
    FunctionOrderState.AWAITING_KEY: Tag(tone="info", icon="key", label=_("The key is being made")),
    FunctionOrderState.DECLINED: Tag(tone="mute", icon="x-circle", label=_("Declined")),
    FunctionOrderState.ORDERED: Tag(tone="info", icon="hourglass-split", label=_("Being issued")),
    FunctionOrderState.DELIVERED: Tag(tone="ok", icon="check-circle", label=_("Active")),
    FunctionOrderState.FAILED: Tag(tone="bad", icon="exclamation-octagon", label=_("Failed")),
    FunctionOrderState.REVOKED: Tag(tone="bad", icon="slash-circle", label=_("Revoked")),
}

FUNCTION_OBJECT_STATES: Final[Mapping[FunctionObjectState, Tag]] = {
    FunctionObjectState.NOT_VALIDATED: Tag(
        tone="warn", icon="hourglass-split", label=_("Waits for validation")
    ),
    FunctionObjectState.VALIDATED: Tag(tone="ok", icon="check-circle", label=_("Validated")),
    FunctionObjectState.INACTIVE: Tag(tone="mute", icon="x-circle", label=_("Not in use")),
}

FUNCTION_KINDS: Final[Mapping[str, Text]] = {
    FunctionKind.SERVER.value: _("Server"),
    FunctionKind.CLIENT.value: _("Client"),
    FunctionKind.EMAIL.value: _("Mailbox"),
}

REPORT_FILTERS: Final[Mapping[str, Text]] = {
    "area": _("Issuance area"),
    "organization": _("Organization"),
    "unit": _("Unit and those below it"),
    "product": _("Product"),
    "loa": _("Assurance level"),
    "state": _("State"),
    "operator": _("Done by (HSA-id)"),
    "days": _("Days ahead"),
}

ACTIVATION_STATES: Final[Mapping[ActivationState, Text]] = {
    ActivationState.OPENED: _("Waiting for the card client"),
    ActivationState.CLAIMED: _("The client has the card; the holder chooses a PIN"),
    ActivationState.KEYS_MADE: _("Certificates are being issued"),
    ActivationState.ISSUED: _("Certificates are being written to the card"),
    ActivationState.WRITTEN: _("The holder reads the terms and signs the receipt"),
    ActivationState.ACTIVE: _("The card is active"),
    ActivationState.ABORTED: _("The activation was ended"),
}

UNLOCK_STATES: Final[Mapping[UnlockState, Text]] = {
    UnlockState.OPENED: _("Waiting for the card client"),
    UnlockState.CLAIMED: _("The client has the card; the holder chooses a new PIN"),
    UnlockState.ANSWERED: _("The card is open for a new PIN"),
    UnlockState.UNLOCKED: _("The card is unlocked"),
    UnlockState.ABORTED: _("The unlocking was ended"),
}

ABORT_REASONS: Final[Mapping[str, Text]] = {
    "userCancel": _("The holder cancelled."),
    "wrongCard": _("Another card than this one was in the reader."),
    "cardRemoved": _("The card was taken out of the reader."),
    "pinLocked": _("The PIN is locked after too many tries."),
    "pinFailed": _("The PIN could not be set."),
    "readerError": _("The card reader does not answer. Is it plugged in?"),
    "notMe": _("The person at the card said: this is not mine. Talk to the person before you try again."),
    "expired": _("It was not finished in time."),
    "superseded": _("A new activation was started for the same card."),
    "suspicion": _("The identity document was suspected."),
    "deskCancel": _("It was ended at the desk."),
    "cardBlocked": _("The card was blocked."),
    "tooManyTries": _("The card refused too many answers. It may be another card, or damaged."),
}

UNLOCK_REASONS: Final[Mapping[str, Text]] = {
    **ABORT_REASONS,
    "superseded": _("A new unlocking was started for the same card."),
    "pinFailed": _("The card did not take the answer."),
}

RENEWAL_REASONS: Final[Mapping[str, Text]] = {
    **ABORT_REASONS,
    "superseded": _("A new renewal was started for the same card."),
    "refillEnded": _("The order of new certificates has ended."),
}

RENEWAL_STATES: Final[Mapping[RenewalState, Text]] = {
    RenewalState.OPENED: _("Waiting for the card client"),
    RenewalState.CLAIMED: _("The card client is at work"),
    RenewalState.KEYS_MADE: _("Certificates are being issued"),
    RenewalState.ISSUED: _("Certificates are being written to the card"),
    RenewalState.WRITTEN: _("Waiting for the signature"),
    RenewalState.RENEWED: _("The new certificates are on the card"),
    RenewalState.ABORTED: _("The renewal was ended"),
}

MOBILE_REASONS: Final[Mapping[str, Text]] = {
    **ABORT_REASONS,
    "superseded": _("A new one was begun."),
    "mobileBlocked": _("The certificate was blocked before the phone was ready."),
}

MOBILE_TAGS: Final[Mapping[str, Tag]] = {
    MobileState.ACTIVE.value: CARD_STATES[CardState.ACTIVE],
    MobileState.BLOCKED.value: CARD_STATES[CardState.BLOCKED],
}

MOBILE_STATES: Final[Mapping[MobileState, Text]] = {
    MobileState.OPENED: _("Waiting for a phone to scan the code"),
    MobileState.CLAIMED: _("The phone has scanned the code. Choose a code in it"),
    MobileState.KEY_MADE: _("The certificate is being issued"),
    MobileState.ISSUED: _("The phone is fetching the certificate"),
    MobileState.ACTIVE: _("The mobile eID is in use"),
    MobileState.BLOCKED: _("The mobile eID is blocked"),
    MobileState.ABORTED: _("Nothing came of it"),
}

RENEWAL_PURPOSES: Final[Mapping[str, Text]] = {
    "renew": _("Renew the certificates"),
    "signature": _("Certificates for signatures"),
    "extra_pair": _("An extra pair of certificates"),
    "refill": _("New certificates to a reserve card"),
}

PUK_LETTER_REASONS: Final[Mapping[str, Text]] = {
    "withdrawn": _("It was withdrawn."),
    "rejected": _("The producer refused it."),
    "card_not_active": _("The card is no longer in use."),
}

LOSS_REASONS: Final[Mapping[LossReason, Text]] = {
    LossReason.STOLEN: _("Stolen"),
    LossReason.LOST: _("Lost"),
    LossReason.OPENED: _("The envelope was opened"),
    LossReason.DAMAGED: _("Damaged"),
}

BLOCK_REASONS: Final[Mapping[BlockReason, Text]] = {
    BlockReason.LOST_OR_STOLEN: _("Lost or stolen card"),
    BlockReason.CODES_KNOWN_TO_OTHERS: _("Somebody else may know the codes"),
    BlockReason.DEFECTIVE: _("Defective card"),
    BlockReason.REPLACED: _("Replaced by a new card"),
    BlockReason.EMPLOYMENT_ENDED: _("Employment or assignment has ended"),
    BlockReason.NAME_OR_DETAILS_CHANGED: _("Name or other details have changed"),
    BlockReason.HOLDER_DECEASED_OR_GONE: _("Deceased, emigrated or missing in HSA or PU"),
    BlockReason.NOT_ACTIVATED_IN_TIME: _("Not activated in time"),
    BlockReason.WRONGLY_ISSUED: _("Wrongly issued"),
    BlockReason.ISSUER_COMPROMISED: _("The issuer's key is compromised"),
}

REPLACEMENT_REASONS: Final[Mapping[ReplacementReason, Text]] = {
    ReplacementReason.LOST: _("The card is lost"),
    ReplacementReason.STOLEN: _("The card is stolen"),
    ReplacementReason.CODES_KNOWN_TO_OTHERS: _("Somebody else may know the codes"),
    ReplacementReason.DAMAGED: _("The card is damaged"),
    ReplacementReason.NAME_CHANGED: _("The holder has got another name"),
    ReplacementReason.EXPIRING: _("The card ends soon"),
}

DOCUMENT_KINDS: Final[Mapping[DocumentKind, Text]] = {
    DocumentKind.DRIVING_LICENCE: _("Swedish driving licence"),
    DocumentKind.PASSPORT: _("Swedish passport"),
    DocumentKind.SIS_ID_CARD: _("SIS-marked identity card"),
    DocumentKind.NATIONAL_ID_CARD: _("National identity card"),
    DocumentKind.TAX_AGENCY_ID_CARD: _("The Tax Agency's identity card"),
    DocumentKind.FOREIGN_PASSPORT: _("Foreign passport"),
}

CHECK_METHODS: Final[Mapping[IdentityCheckMethod, Text]] = {
    IdentityCheckMethod.VISIT: _("Personal visit"),
    IdentityCheckMethod.ATTESTOR: _("Attestor present"),
    IdentityCheckMethod.FOREIGN_DOCUMENT: _("Foreign document"),
}

ATTESTOR_RELATIONS: Final[Mapping[AttestorRelation, Text]] = {
    AttestorRelation.MANAGER: _("The person's manager"),
    AttestorRelation.STAFF_RESPONSIBLE: _("Responsible for staff"),
    AttestorRelation.GUARDIAN: _("Guardian (for who is under 18)"),
}

SEVEN_STEPS: Final[tuple[tuple[str, Text, Text], ...]] = (
    (
        "document_taken_from_holder",
        _("Take the document out of its holder"),
        _("Ask the person to hand it to you without wallet or case."),
    ),
    (
        "person_matches_photo_and_age",
        _("Look at the person"),
        _("Photo, age and height agree with whoever stands in front of you."),
    ),
    (
        "document_looks_genuine",
        _("Look at the document"),
        _("It is whole and clean, feels right, and its last day has not passed."),
    ),
    (
        "security_features_checked",
        _("Feel, look and tilt"),
        _("Watermark, see-through image, raised print, colours that change."),
    ),
    (
        "number_checked",
        _("Check the number"),
        _("Personal number and document number are the person's own and follow their rules."),
    ),
    (
        "signature_compared",
        _("Compare the signature"),
        _("Let the person sign and compare with the document."),
    ),
    (
        "control_question_asked",
        _("Ask a control question"),
        _("Something that the document does not say; check with the issuer if you hesitate."),
    ),
)

REGISTRATION: Final[Mapping[RegistrationStatus, Tag]] = {
    RegistrationStatus.REGISTERED: Tag(tone="ok", icon="check-circle", label=_("In the population register")),
    RegistrationStatus.WITHOUT_ADDRESS: Tag(
        tone="warn", icon="geo-alt", label=_("No address in the population register")
    ),
    RegistrationStatus.EMIGRATED: Tag(tone="bad", icon="exclamation-triangle", label=_("Emigrated")),
    RegistrationStatus.DECEASED: Tag(tone="bad", icon="exclamation-triangle", label=_("Deceased")),
    RegistrationStatus.DEREGISTERED: Tag(tone="bad", icon="exclamation-triangle", label=_("Deregistered")),
    RegistrationStatus.UNKNOWN: Tag(
        tone="warn", icon="exclamation-triangle", label=_("Not seen in the population register")
    ),
}

ROLES: Final[Mapping[Role, Text]] = {
    Role.CENTRAL_ADMINISTRATOR: _("Central administrator"),
    Role.VALIDATION_SPECIALIST: _("Validation specialist"),
    Role.ISSUANCE_MANAGER: _("Issuance manager"),
    Role.DEPUTY_ISSUANCE_MANAGER: _("Deputy issuance manager"),
    Role.ID_ADMINISTRATOR: _("ID administrator"),
    Role.FUNCTION_CERT_ORDERER: _("Function certificate orderer"),
    Role.REVOCATION_OFFICER: _("Revocation officer"),
    Role.AUDITOR: _("Auditor"),
}

KEY_PURPOSES: Final[Mapping[str, Text]] = {
    "hsa_authentication": _("Authentication, HSA-id"),
    "id_authentication": _("Authentication, personal number"),
    "hsa_signature": _("Signature, HSA-id"),
    "id_signature": _("Signature, personal number"),
    "extra_hsa_authentication": _("Authentication, extra HSA-id"),
    "extra_hsa_signature": _("Signature, extra HSA-id"),
    "mobile": _("Mobile eID"),
    "server": _("Server"),
    "client": _("Client"),
    "email": _("E-mail"),
}

STATUS_SOURCES: Final[Mapping[str, Text]] = {
    "ocsp": _("OCSP"),
    "delta_crl": _("The delta list"),
    "full_crl": _("The revocation list"),
    "aia": _("Issuer certificates"),
}

LOGIN_HINTS: Final[Mapping[str, Text]] = {
    "outstanding": _("Start the card client"),
    "started": _("The client is open: follow what it says"),
    "userAction": _("Type your security code in the client"),
    "processing": _("Checking…"),
    "complete": _("Done"),
    "expired": _("It took too long, so nothing happened. Try again."),
    "startFailed": _("The client did not start. Is it installed on this computer?"),
    "userCancel": _("You cancelled in the client."),
    "rpCancel": _("The login was cancelled."),
    "notMe": _("You said that this login was not yours. It is reported, and nobody was logged in."),
    "noCard": _("No card was found. Put your card in the reader and try again."),
    "noCertificate": _("The card has no certificate that works here. A card at assurance level 3 is needed."),
    "pinBlocked": _("The code is locked after too many tries. An ID administrator can help you."),
    "readerError": _("The card reader does not answer. Is it plugged in?"),
    "pinFailed": _("The code was wrong. Try again; the card locks after five wrong tries."),
    "certificateExpired": _("The card's certificate has expired. Ask an ID administrator for a new card."),
    "certificateRevoked": _("The card is blocked. Ask an ID administrator."),
    "certificateUntrusted": _("The card's certificate comes from an issuer that is not accepted here."),
    "certificateUsage": _("The card's certificate is not made for logging in."),
    "loaTooLow": _("Assurance level 3 is needed, and this card has a lower level."),
    "wrongSubject": _("Another person's card was used than the one expected."),
    "wrongCarrier": _("A card is needed; this was another kind of carrier."),
    "signatureInvalid": _(
        "The login could not be confirmed. Try again, and tell support if it happens once more."
    ),
    "bindingMismatch": _(
        "The login could not be confirmed. Try again, and tell support if it happens once more."
    ),
    "revocationUnavailable": _(
        "The card's status cannot be checked right now, so nobody is let in. Try again soon."
    ),
    "clientTooOld": _("The card client, or the system it runs on, is too old. Update it and try again."),
    "riskBlocked": _("The login was stopped by a rule. Contact support."),
    "cardNotActive": _("The card is not active. Ask an ID administrator."),
    "unknownPerson": _("Your card works, but you are not registered here. Ask your issuance manager."),
    "returnMismatch": _(
        "You came back to another browser than the one that started the login. Start again here."
    ),
    "alreadyAnswered": _("This login was answered already, and its answer is gone. Log in again."),
    "returnCodeWrong": _(
        "Those are not the digits that the client shows. After three wrong tries it is over."
    ),
    "returnCodeSpent": _("The digits were wrong three times, so nobody was logged in. Start again."),
}

_MTLS_HINTS: Final[Mapping[str, Text]] = {
    FailureHint.NO_CERTIFICATE.value: _(
        "No certificate came. Is the card in the reader, with the chip first? Or did you cancel when the "
        "browser asked?"
    ),
    FailureHint.CERTIFICATE_USAGE.value: _(
        "That certificate is not made for logging in. Choose the card's other certificate when the browser "
        "asks."
    ),
    FailureHint.WRONG_CARRIER.value: _("A card is needed; that certificate is of another kind of carrier."),
}
"""What a browser's certificate is refused for, where the card client's words would mislead."""
_NOT_SENT: Final = _("The browser did not come from the login, or it keeps no cookies.")


def mtls_refusal(hint: str) -> Text:
    """Return why a certificate that a browser showed, or did not, opened nothing."""
    return _MTLS_HINTS.get(hint) or (LOGIN_HINTS.get(hint, "") if hint else _NOT_SENT)


SESSION_ENDS: Final[Mapping[str, Text]] = {
    "logged_out": _("You are logged out."),
    "idle": _("You were logged out because nothing happened for a while."),
    "too_long": _("You were logged out because an hour had passed. Log in again to go on."),
    "replaced": _("You logged in again, so the earlier login ended."),
    "certificate_revoked": _("You were logged out because your card's certificate is revoked."),
    "card_not_active": _("You were logged out because your card is no longer active."),
    "status_unknown": _("You were logged out because your card's status could not be checked."),
    "role_lost": _("You were logged out because you no longer have the role."),
    "ended_by_holder": _("The login was ended by yourself in another place."),
}

EVENTS: Final[Mapping[str, Text]] = {
    "card.ordered": _("Card ordered"),
    "qa.manual_issuance": _("Issued by hand in QA"),
    "card.imported": _("Card taken over from the system before"),
    "card_picture.captured": _("Picture taken"),
    "card_picture.used": _("Picture used"),
    "card_picture.purged": _("Picture purged"),
    "card_order.cancelled": _("Order cancelled"),
    "card_order.delayed": _("The producer did not answer; the order is sent again"),
    "card_order.sent": _("Order received by the producer"),
    "card_order.production_started": _("Production started"),
    "card.produced": _("Card made"),
    "card.shipped": _("Card sent"),
    "card_order.rejected": _("Order refused by the producer"),
    "card_order.lapsed": _("Order lapsed"),
    "card.discarded": _("Card discarded"),
    "factory_report.set_aside": _("A report from the producer was set aside"),
    "production_batch.sent": _("Orders sent to the producer"),
    "production_batch.acknowledged": _("Orders answered by the producer"),
    "production_batch.withdrawn": _("File of orders given up"),
    "factory_file.set_aside": _("A file from the producer was set aside"),
    "production_batch.asked_again": _("Producer asked again for an answer"),
    "factory_file.settled": _("A file from the producer was dealt with"),
    "production.thinned_out": _("Old records of production thinned out"),
    "identity.checked": _("Identity checked by the seven steps"),
    "identity.attested": _("Somebody vouched for the holder"),
    "identity.suspected": _("Identity document suspected, card not handed out"),
    "activation.opened": _("Activation opened"),
    "activation.claimed": _("The card client started the activation"),
    "activation.keys_made": _("Keys made on the card"),
    "activation.key_superseded": _("A key on the card was replaced"),
    "activation.issued": _("Certificates issued"),
    "activation.written": _("Certificates written to the card"),
    "receipt.signed": _("Receipt signed by the holder"),
    "card.activated": _("Card activated"),
    "activation.aborted": _("Activation ended"),
    "activation.denied_by_holder": _("The person at the card denied the activation"),
    "card.blocked": _("Card blocked"),
    "card.replacement_ordered": _("Replacement ordered"),
    "card.replaced": _("Card replaced by a new one"),
    "block_request.registered": _("Request to block registered"),
    "block_request.forgotten": _("Old request to block deleted"),
    "card.holder_reminded": _("Reminder of a card that ends"),
    "unlock.opened": _("Unlocking opened"),
    "unlock.claimed": _("The card client started the unlocking"),
    "card.unlocked": _("Card unlocked"),
    "card.unlock_refused": _("Unlocking refused"),
    "unlock.aborted": _("Unlocking ended"),
    "renewal.opened": _("Renewal opened"),
    "renewal.claimed": _("The card client started the renewal"),
    "renewal.keys_made": _("New keys made on the card"),
    "renewal.issued": _("New certificates issued"),
    "renewal.written": _("New certificates written to the card"),
    "card.renewed": _("New certificates on the card"),
    "renewal.aborted": _("Renewal ended"),
    "mobile.opened": _("Mobile eID begun"),
    "mobile.claimed": _("A phone took the code"),
    "mobile.approved": _("The holder said that it is their phone"),
    "mobile.key_made": _("The phone made a key"),
    "mobile.issued": _("Certificate for a phone issued"),
    "mobile.activated": _("Mobile eID in use"),
    "mobile.blocked": _("Mobile eID blocked"),
    "mobile.aborted": _("Mobile eID came to nothing"),
    "puk_letter.ordered": _("PUK letter ordered"),
    "puk_letter.delayed": _("The producer of PUK letters did not answer"),
    "puk_letter.sent": _("PUK letter with the producer"),
    "puk_letter.posted": _("PUK letter posted"),
    "puk_letter.ended": _("No PUK letter"),
    "reserve_card.handed_out": _("Reserve card handed out"),
    "reserve_card.approved": _("Reserve card approved by a second person"),
    "reserve_card.refused": _("Reserve card not approved"),
    "reserve_card.code_refused": _("Wrong code for a reserve card"),
    "reserve_card.extended": _("Reserve card extended"),
    "reserve_refill.ordered": _("New certificates ordered to a reserve card"),
    "reserve_refill.approved": _("New certificates approved by a second person"),
    "reserve_refill.code_refused": _("Wrong code for new certificates"),
    "reserve_refill.fetched": _("New certificates fetched to a reserve card"),
    "reserve_refill.ended": _("Order of new certificates ended"),
    "stock.place_set": _("Place for reserve cards set"),
    "stock.box_received": _("Box of reserve cards received"),
    "stock.sent": _("Reserve cards sent to another place"),
    "stock.arrived": _("Reserve cards came to a place"),
    "stock.counted": _("Reserve cards counted"),
    "stock.lost": _("Reserve cards reported lost"),
    "stock.returned": _("Reserve cards came back"),
    "stock.destroyed": _("Returned reserve cards destroyed"),
    "stock.running_low": _("Reserve cards running low"),
    "person.protected_opened": _("Protected person opened"),
    "person.imported": _("Read from the registers"),
    "person.changed": _("Details changed in a register"),
    "person.missing": _("Missing in a register"),
    "person.found_again": _("Found in the register again"),
    "person.change_undone": _("Reading undone"),
    "bulk_order.prepared": _("Order for several prepared"),
    "bulk_order.checked": _("Order for several checked"),
    "bulk_order.placed": _("Order for several placed"),
    "bulk_order.approved": _("Order for several approved"),
    "bulk_order.paused": _("Order for several paused"),
    "bulk_order.resumed": _("Order for several goes on"),
    "bulk_order.ended": _("Order for several ended"),
    "basis.decided": _("Decision over a basis list"),
    "basis.approved": _("Decision over a basis list approved"),
    "basis.withdrawn": _("Decision over a basis list withdrawn"),
    "basis.stopped": _("Decision over a basis list stopped"),
    "basis.carried_out": _("Decision over a basis list carried out"),
    "employment.imported": _("Employment read from HSA"),
    "employment.changed": _("Employment changed in HSA"),
    "role.granted": _("Role given"),
    "role.revoked": _("Role taken back"),
    "role.requested": _("Role asked for"),
    "role.declined": _("Role declined"),
    "role.appointment_lapsed": _("Request for a role lapsed"),
    "role.confirmed": _("Role confirmed"),
    "role.reminded": _("Reminder of a role"),
    "function_object.registered": _("Function object registered"),
    "function_object.validated": _("Function object validated"),
    "function_certificate.ordered": _("Function certificate ordered"),
    "function_certificate.delivered": _("Function certificate delivered"),
    "function_certificate.approved": _("Function certificate approved"),
    "function_certificate.declined": _("Function certificate declined"),
    "function_certificate.receipt_accepted": _("Receipt of a function certificate accepted"),
    "function_object.changed": _("Function object changed in HSA"),
    "function_object.set_up": _("Function object set up"),
    "function_approval.set": _("Approval of function certificates decided"),
    "function_key_policy.asked": _("Making of keys asked for"),
    "function_key_policy.set": _("Making of keys decided"),
    "function_key.made": _("Key made, its password sent to the mobile"),
    "function_key.wiped": _("Key fetched or given up, and kept no more"),
    "function_certificate.mailed": _("Certificate sent by mail, encrypted"),
    "function_certificate.mail_bounced": _("Mail with a certificate did not arrive"),
    "name_validation.reminded": _("Reminder of a validation that runs out"),
    "expiry_notice.raised": _("Notice of an expiring certificate"),
    "expiry_notice.answered": _("Notices answered"),
    "expiry_notice.bounced": _("Notice did not arrive"),
    "name_validation.requested": _("Proof of a name asked for"),
    "name_validation.confirmed": _("Name validated"),
    "name_validation.ended": _("Validation of a name ended"),
    "acme_key.created": _("Key for ACME clients made"),
    "acme_key.approved": _("Key for ACME clients approved"),
    "acme_key.revoked": _("Key for ACME clients revoked"),
    "acme_account.created": _("ACME account opened"),
    "acme_account.updated": _("ACME account changed"),
    "acme_account.key_changed": _("ACME account got another key"),
    "acme_account.ended": _("ACME account ended"),
    "acme_order.placed": _("ACME order placed"),
    "acme_order.ready": _("ACME order ready"),
    "acme_order.finalized": _("ACME order finalized"),
    "acme_order.issued": _("ACME order has its certificate"),
    "acme_order.failed": _("ACME order failed"),
    "acme_authorization.granted": _("Name needs no ACME challenge"),
    "acme_authorization.ended": _("ACME authorization ended"),
    "acme_challenge.answered": _("ACME challenge answered"),
    "acme_challenge.passed": _("ACME challenge passed"),
    "acme_challenge.failed": _("ACME challenge failed"),
    "function_certificate.failed": _("Function certificate could not be issued"),
    "function_certificate.revoked": _("Function certificate revoked"),
    "report.made": _("Report made"),
    "report.ordered": _("Report ordered"),
    "report.ready": _("Report ready"),
    "report.announced": _("Report announced by mail"),
    "report.scheduled": _("Report recurs"),
    "report.schedule_ended": _("Report recurs no more"),
    "report.pulled": _("Report taken"),
    "old_report.imported": _("Old report taken over"),
    "old_report.pulled": _("Old report taken"),
    "old_report.deleted": _("Old report deleted"),
    "service_signer.renewed": _("Key of a seal renewed"),
    "report.failed": _("Report not made"),
    "report.deleted": _("Report deleted"),
    "receipt.requested": _("Sealed receipt asked for"),
    "receipt.sealed": _("Receipt sealed"),
    "receipt.deleted": _("Sealed receipt deleted"),
    "organization.set_up": _("Organization set up anew"),
    "organization.agency_given": _("Agent appointed"),
    "organization.agency_ended": _("Agent's task ended"),
    "ordering.stopped": _("Ordering stopped"),
    "ordering.resumed": _("Ordering opened again"),
}
"""The events that pages tell of; a login or a step inside the CA is the auditor's to read, not the desk's."""

EVENTS_INSIDE: Final = frozenset(
    {
        "card_order.sent",
        "card_order.production_started",
        "card.produced",
        "activation.opened",
        "activation.claimed",
        "activation.keys_made",
        "activation.key_superseded",
        "activation.issued",
        "activation.written",
        "unlock.opened",
        "unlock.claimed",
        "renewal.opened",
        "renewal.claimed",
        "renewal.keys_made",
        "renewal.issued",
        "renewal.written",
        "mobile.opened",
        "mobile.claimed",
        "mobile.approved",
        "mobile.key_made",
        "mobile.issued",
        "card_picture.captured",
        "card_picture.used",
        "puk_letter.delayed",
        "puk_letter.sent",
    }
)
"""Steps inside an order or activation: told there, left out where a person's whole history is told."""
