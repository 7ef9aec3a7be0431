"""The words of codes that stand in events: reasons, outcomes, registers, ways."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from portal import words
from portal.wordings import pictures
from portal.wordings.production import PROBLEMS
from portal.wordings.signing import SIGNED_ACTS
from portal.words import Text

_NOT_FOUND: Final = _("nobody found")
_END_REASONS: Final[Mapping[str, Text]] = {
    "rejected_by_factory": _("refused by the producer"),
    "not_activated_in_time": _("not activated in time"),
    "superseded": _("replaced by a newer order"),
    "withdrawn": _("withdrawn"),
    "card_blocked": _("the card was blocked"),
    "outdated": _("never made, and too old"),
    "reserve_refused": _("the reserve card was not approved"),
    "reserve_locked": _("too many wrong codes"),
}

BY_TYPE: Final[Mapping[tuple[str, str], Mapping[str, Text]]] = {
    ("card.blocked", "reason"): {reason.value: text for reason, text in words.BLOCK_REASONS.items()},
    ("card.discarded", "reason"): {
        **{reason.value: text for reason, text in words.BLOCK_REASONS.items()},
        **_END_REASONS,
    },
    ("card_order.lapsed", "reason"): {
        **{reason.value: text for reason, text in words.BLOCK_REASONS.items()},
        **_END_REASONS,
    },
    **{
        (event, "reason"): {reason.value: text for reason, text in words.REPLACEMENT_REASONS.items()}
        for event in ("card.replacement_ordered", "card.replaced")
    },
    ("activation.aborted", "reason"): words.ABORT_REASONS,
    ("unlock.aborted", "reason"): words.UNLOCK_REASONS,
    ("card.unlock_refused", "reason"): words.UNLOCK_REASONS,
    ("renewal.aborted", "reason"): words.RENEWAL_REASONS,
    ("renewal.aborted", "state"): {state.value: text for state, text in words.RENEWAL_STATES.items()},
    ("mobile.aborted", "reason"): words.MOBILE_REASONS,
    ("mobile.aborted", "state"): {state.value: text for state, text in words.MOBILE_STATES.items()},
    ("mobile.blocked", "reason"): {reason.value: text for reason, text in words.BLOCK_REASONS.items()},
    ("renewal.opened", "purpose"): words.RENEWAL_PURPOSES,
    ("card_picture.purged", "reason"): pictures.PURGE_REASONS,
    ("puk_letter.ended", "reason"): words.PUK_LETTER_REASONS,
    ("reserve_card.refused", "reason"): {"not_approved": _("not approved"), "suspicion": _("suspicion")},
    ("reserve_refill.ended", "reason"): {
        "not_approved": _("not approved"),
        "suspicion": _("suspicion"),
        "reserve_locked": _("too many wrong codes"),
        "not_fetched": _("not fetched in time"),
        "card_blocked": _("the card was blocked"),
    },
    ("stock.lost", "reason"): {reason.value: text for reason, text in words.LOSS_REASONS.items()},
    ("session.ended", "reason"): {
        "logged_out": _("logged out"),
        "idle": _("nothing happened for a while"),
        "too_long": _("an hour had passed"),
        "replaced": _("a new login took its place"),
        "certificate_revoked": _("the certificate was revoked"),
        "card_not_active": _("the card was no longer active"),
        "status_unknown": _("the card's status could not be checked"),
        "role_lost": _("the role was lost"),
        "ended_by_holder": _("ended from another place"),
    },
    ("session.login_refused", "code"): words.LOGIN_HINTS,
    ("identity.attested", "relation"): {one.value: text for one, text in words.ATTESTOR_RELATIONS.items()},
    ("role.revoked", "reason"): {
        "not_confirmed": _("not confirmed in time"),
        "hsa_withdrew": _("HSA no longer gives it"),
    },
    ("person.protected_opened", "reason"): {
        "person_view": _("opened in the person view"),
        "journal": _("read in the journal"),
        "journal_export": _("exported from the journal"),
        "report_ordered": _("the reason that was given when the report was ordered"),
    },
    ("revocation.seen", "source"): words.STATUS_SOURCES,
    ("directory.person_searched", "outcome"): {"found": _("found"), "not_found": _NOT_FOUND},
    ("directory.person_read", "outcome"): {
        "read": _("read"),
        "not_found": _NOT_FOUND,
        "unavailable": _("the register did not answer"),
    },
    **{
        (event, "kind"): {
            "accept": _("written"),
            "discard": _("discarded"),
            "undo": _("undone"),
        }
        for event in ("directory.sync_decided", "directory.sync_decision_carried_out")
    },
    **{
        (f"basis.{verb}", "kind"): {
            "card": _("cards to block"),
            "role": _("outdated roles"),
            "order": _("outdated orders"),
        }
        for verb in ("decided", "approved", "withdrawn", "stopped", "carried_out")
    },
    ("bulk_order.prepared", "kind"): {
        "list": _("from a list"),
        "file": _("from a file"),
        "unit": _("from a unit"),
        "expiring": _("cards that end"),
    },
    ("bulk_order.ended", "outcome"): {
        "finished": _("finished"),
        "cancelled": _("the rest cancelled"),
        "lapsed": _("lapsed"),
    },
    ("card_order.delayed", "problem"): PROBLEMS,
    ("production_batch.withdrawn", "reason"): PROBLEMS,
    ("factory_file.set_aside", "problem"): PROBLEMS,
    ("factory_file.settled", "problem"): PROBLEMS,
    **{
        (f"receipt.{verb}", "kind"): {
            "activation": _("activation"),
            "renewal": _("new certificates"),
            "block": _("block"),
        }
        for verb in ("requested", "sealed", "deleted")
    },
    ("act.signed", "kind"): SIGNED_ACTS,
    ("act.signature_voided", "kind"): SIGNED_ACTS,
    ("directory.sync_ended", "state"): {
        "complete": _("complete"),
        "incomplete": _("not complete"),
        "quarantined": _("held for a decision"),
        "running": _("still going on"),
    },
}
"""By event type and field."""

_REVOCATION_REASONS: Final[Mapping[str, Text]] = {
    "unspecified": _("no reason given"),
    "keyCompromise": _("the key may be known to others"),
    "cACompromise": _("the issuer's key may be known to others"),
    "affiliationChanged": _("the affiliation has changed"),
    "superseded": _("replaced"),
    "cessationOfOperation": _("no longer in operation"),
    "privilegeWithdrawn": _("the right was withdrawn"),
}
BY_FIELD: Final[Mapping[str, Mapping[str, Text]]] = {
    "picture_kind": pictures.KINDS,
    "picture_source": pictures.SOURCES,
    "remarks": pictures.REMARKS,
    "register": {"hsa": "HSA", "pu": "PU"},
    "hint": words.LOGIN_HINTS,
    "name": words.KEY_PURPOSES,
    "key": {
        "personal_number": _("personal number"),
        "hsa_id": _("HSA-id"),
        "card_number": _("card number"),
        "serial_number": _("serial number"),
        "email": _("e-mail"),
    },
    "reason": _REVOCATION_REASONS,
    "revocation_reason": _REVOCATION_REASONS,
    "loa": {
        "http://id.sambi.se/loa/loa2": "2",
        "http://id.sambi.se/loa/loa3": "3",
    },
    "role_source": {"portal": _("the portal"), "hsa": "HSA"},
    "format": {"csv": "CSV", "jsonl": _("JSON lines"), "xlsx": "Excel", "pdf": "PDF"},
    "failed_steps": {name: label for name, label, _detail in words.SEVEN_STEPS},
    "carrier_kind": {"card": _("card"), "function": _("function")},
}
"""By field alone."""
