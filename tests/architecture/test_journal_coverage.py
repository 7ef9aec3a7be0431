"""Every act and every refusal that matters is an event, and no leaf says anything of a person."""

import ast
import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Final

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from django.views import View

from journal.events import Event, known_events, personal_fields
from tests.architecture.calls import APPS, Node, acts, modules, reaches_journal

COVERAGE: Final[Mapping[str, tuple[str, ...]]] = {
    "a login, and one that was refused": ("session.opened", "session.login_refused", "authn.order_failed"),
    "each step of a login": (
        "authn.order_started", "authn.order_claimed", "authn.order_answered", "authn.evidence_stored",
        "authn.order_completed", "authn.order_collected",
    ),
    "each step of a login by two-way TLS, and every certificate that opened nothing": (
        "authn.mtls_started", "authn.mtls_refused", "authn.mtls_evidence_stored", "authn.mtls_proved",
        "authn.mtls_redeemed", "authn.mtls_failed",
    ),
    "a log-out, and every other end of a session": ("session.ended",),
    "acts that are signed, and signatures that came to nothing": ("act.signed", "act.signature_voided"),
    "the role somebody works in": ("session.role_chosen",),
    "a service that may ask for logins": (
        "authn.relying_party_registered", "authn.relying_party_closed",
    ),
    "orders": ("card.ordered", "card_order.cancelled", "card_order.lapsed", "card_order.rejected"),
    "photos and signatures for cards, taken, used and purged": (
        "card_picture.captured", "card_picture.used", "card_picture.purged",
    ),
    "production": (
        "card_order.sent", "card_order.delayed", "card_order.production_started", "card.produced",
        "card.shipped", "factory_report.set_aside", "production_batch.sent", "production_batch.acknowledged",
        "production_batch.withdrawn", "production_batch.asked_again", "factory_file.set_aside",
        "factory_file.settled", "production.thinned_out",
    ),
    "a stop of orders and its end": ("ordering.stopped", "ordering.resumed"),
    "how an organization is set up": ("organization.set_up",),
    "identity checks, also the suspicious": (
        "identity.checked", "identity.attested", "identity.suspected",
    ),
    "each state of an activation": (
        "activation.opened", "activation.claimed", "activation.keys_made", "activation.key_superseded",
        "activation.issued", "activation.written", "receipt.signed", "card.activated",
    ),
    "an activation that came to nothing, with a blocked PIN as its reason": (
        "activation.aborted", "activation.denied_by_holder",
    ),
    "who was told a card's administration key": ("key.card_admin_disclosed",),
    "what a card's administration key answered": ("key.card_challenge_answered",),
    "each state of an unlocking, and one that was refused": (
        "unlock.opened", "unlock.claimed", "card.unlocked", "card.unlock_refused", "unlock.aborted",
    ),
    "each state of a renewal": (
        "renewal.opened", "renewal.claimed", "renewal.keys_made", "renewal.issued", "renewal.written",
        "card.renewed", "renewal.aborted",
    ),
    "each state of a mobile eID, and its block": (
        "mobile.opened", "mobile.claimed", "mobile.approved", "mobile.key_made", "mobile.issued",
        "mobile.activated",
        "mobile.blocked", "mobile.aborted",
    ),
    "PUK letters": (
        "puk_letter.ordered", "puk_letter.delayed", "puk_letter.sent", "puk_letter.posted",
        "puk_letter.ended",
    ),
    "reminders of cards that end": ("card.holder_reminded",),
    "reserve cards handed out, by two people, and codes that were wrong": (
        "reserve_card.handed_out", "reserve_card.approved", "reserve_card.refused",
        "reserve_card.code_refused", "reserve_card.extended",
    ),
    "new certificates to reserve cards that have none that is valid": (
        "reserve_refill.ordered", "reserve_refill.approved", "reserve_refill.code_refused",
        "reserve_refill.fetched", "reserve_refill.ended",
    ),
    "reserve cards in stock": (
        "stock.place_set", "stock.box_received", "stock.sent", "stock.arrived", "stock.counted",
        "stock.lost", "stock.returned", "stock.destroyed", "stock.running_low",
    ),
    "requests to block that are kept, and deleted": (
        "block_request.registered", "block_request.forgotten",
    ),
    "blocks and revocations": (
        "card.blocked", "card.discarded", "certificate.revoked", "function_certificate.revoked",
        "key.blocked",
    ),
    "how a revocation reached everybody": (
        "revocation.seen", "revocation.closed", "revocation.unseen", "revocation.receipt_requested",
        "revocation.receipt_made",
    ),
    "the way of a certificate: request, intent, issue, failure": (
        "certificate.requested", "certificate.intended", "certificate.issued", "certificate.published",
        "certificate.postponed", "certificate.serial_burnt", "certificate.request_failed",
    ),
    "what QA issues by hand, beside the portal": ("qa.manual_issuance",),
    "lists of revoked certificates": ("crl.intended", "crl.issued"),
    "a renewed OCSP signer": ("ocsp.signer_renewed",),
    "key ceremonies and issuers": ("ceremony.held", "issuer.planned", "issuer.certified"),
    "faults and repairs of the HSM": ("hsm.faulted", "hsm.repaired", "signer.lost", "signer.found"),
    "roles given and taken, by the register and in the portal": ("role.granted", "role.revoked"),
    "roles that two people give": ("role.requested", "role.declined"),
    "the yearly confirmation of roles": ("role.confirmed", "role.reminded"),
    "settings": ("configuration.changed",),
    "reports ordered, made, pulled, deleted": (
        "report.ordered", "report.made", "report.pulled", "report.failed", "report.deleted",
        "report.ready", "report.announced", "report.scheduled", "report.schedule_ended",
    ),
    "receipts sealed on request, deleted": ("receipt.requested", "receipt.sealed", "receipt.deleted"),
    "exports of the journal": ("journal.exported",),
    "searches by number, readings of registers, protected persons opened": (
        "directory.person_searched", "directory.person_read", "person.protected_opened",
    ),
    "API tokens made, taken back, used, refused": (
        "api_token.created", "api_token.revoked", "api_token.used", "api_token.refused",
    ),
    "whether an organization has a right to a name": (
        "name_validation.requested", "name_validation.confirmed", "name_validation.ended",
    ),
    "notices of certificates that end, what was answered, and mails that did not arrive": (
        "expiry_notice.raised", "expiry_notice.answered", "expiry_notice.bounced",
    ),
    "approval by a second person, and the receipt": (
        "function_approval.set", "function_certificate.approved", "function_certificate.declined",
        "function_certificate.receipt_accepted",
    ),
    "keys made here where policy allows it, certificates sent by mail, proofs that run out": (
        "function_key_policy.asked", "function_key_policy.set", "function_key.made", "function_key.wiped",
        "function_certificate.mailed", "function_certificate.mail_bounced", "name_validation.reminded",
    ),
    "how a function object is set up": ("function_object.changed", "function_object.set_up"),
    "function objects and their certificates": (
        "function_object.registered", "function_object.validated", "function_certificate.ordered",
        "function_certificate.delivered", "function_certificate.failed",
    ),
    "ACME: keys, accounts, orders, authorizations, challenges": (
        "acme_key.created", "acme_key.approved", "acme_key.revoked", "acme_account.created",
        "acme_account.updated",
        "acme_account.key_changed", "acme_account.ended", "acme_order.placed", "acme_order.ready",
        "acme_order.finalized", "acme_order.issued", "acme_order.failed", "acme_authorization.granted",
        "acme_authorization.ended", "acme_challenge.answered", "acme_challenge.passed",
        "acme_challenge.failed",
    ),
    "job runs": ("job.ended",),
    "imports and syncs, with their counts": (
        "directory.sync_ended", "person.imported", "person.changed", "person.missing", "person.found_again",
        "employment.imported", "employment.changed", "organization.imported", "organization.changed",
    ),
    "backups and restores": ("backup.made", "database.restored", "revocations.replayed"),
    "what is forgotten, by whose decision, and what is archived": (
        "erasure.requested", "erasure.approved", "person.erased", "journal.segment_archived",
    ),
    "decisions about readings of registers, carried out and undone": (
        "directory.sync_requested", "directory.sync_decided", "directory.sync_decision_carried_out",
        "person.change_undone",
    ),
    "orders for several at once, their approval, pauses and end": (
        "bulk_order.prepared", "bulk_order.checked", "bulk_order.placed", "bulk_order.approved",
        "bulk_order.paused", "bulk_order.resumed", "bulk_order.ended",
    ),
    "decisions over basis lists": (
        "basis.decided", "basis.approved", "basis.withdrawn", "basis.stopped", "basis.carried_out",
    ),
    "dead letters": ("consumer.dead_letter",),
    "refusals": ("authorization.refused", "act.refused", "refusals.suppressed", "refusals.summed"),
    "rate limits reached": ("rate_limit.reached",),
}  # fmt: skip

# Features of issue 7: their events come with them, and then move up.
TO_COME: Final[tuple[str, ...]] = ()

NOT_AN_ACT: Final[Mapping[str, str]] = {
    ".policies.": "asks whether an act is allowed",
    ".selectors.": "reads",
    "directory.role_policies.": "asks whether an act is allowed",
    "directory.role_selectors.": "reads",
    "directory.role_basis_selectors.": "reads",
    "cards.counts.": "reads",
    "cards.block_request_selectors.": "reads",
    "cards.paper_rows.": "reads what a line means",
    "cards.unlock_policies.": "asks whether an act is allowed",
    "cards.reserve_policies.": "asks whether an act is allowed",
    "cards.refill_policies.": "asks whether an act is allowed",
    "cards.replacement_policies.": "asks whether an act is allowed",
    "cards.own_policies.": "asks whether an act is allowed",
    "cards.person_blocking.blockable_of": "reads",
    "cards.person_blocking.shown_of": "reads",
    "cards.reserve_selectors.": "reads",
    "cards.stock_policies.": "asks whether an act is allowed",
    "cards.stock_selectors.": "reads",
    "cards.serial_lists.": "reads what a list says",
    "cards.basis_selectors.": "reads",
    "cards.bulk.choosing.": "reads whom a list or a unit means",
    "cards.reserve_fetching.extendable_cards": "reads",
    "cards.suspicions.open_suspicions": "reads",
    "cards.attestor.": "asks whether an attestor is enough",
    "cards.identity.refusal_of": "asks whether a check is enough",
    "cards.ordering.new_order": "returns rows that are not yet written",
    "functioncerts.certificate_mails.may_mail": "asks whether an act is allowed",
    "functioncerts.key_parcels.may_fetch": "asks whether an act is allowed",
    "cards.outdated_selectors.": "reads",
    "functioncerts.notice_mails.": "hands over what was raised and told; a digest repeats what has ended",
    "functioncerts.wishes.": "reads what would be ordered, and holds it against the rules",
    "ca.rehearsal.": "asks whether a request would be taken",
    "functioncerts.inventory.": "reads",
    "functioncerts.rehearsal.": "asks whether a request would be taken",
    "reports.old_reports.list_old": "reads",
    "directory.basis_decisions.left_alone": "reads",
    "ca.registration.checked": "asks whether a request may be made",
    "portal.pages.": "shows; what a page does is a verb of the domain, and addresses are walked below",
    "journal.": "the journal itself",
}

NO_EVENT: Final[Mapping[str, str]] = {
    "language/": "a cookie of the browser's own",
    "cards/<uuid:card_id>/replace/": "asks why, and leads to the block or to the order",
    "session/extend/": "the person is still there; the session's end is told",
    "c/v1/activation/status": "reads",
    "c/v1/renewal/status": "reads",
    "c/v1/mobile/status": "reads",
    "c/v1/hello": "answers GET alone",
    "acme/directory": "answers GET alone",
    "acme/new-nonce": "answers GET alone",
    "acme/renewal-info/<str:certificate>": "answers GET alone",
    "acme/account/<uuid:account_id>/orders": "reads: ACME reads by POST",
    "acme/account/<uuid:account_id>/orders/after/<uuid:after>": "reads: ACME reads by POST",
    "acme/cert/<uuid:order_id>": "reads: ACME reads by POST",
    "acme/cert/<uuid:order_id>/to-root": "reads: ACME reads by POST",
    "journal/compare/": "compares two heads that the auditor has already",
    "people/search/live/": "hits by name while one types; whole numbers wait for Enter and are told",
}
"""Addresses that take POST and leave nothing of their own in the journal, and why."""

IDENTIFIER: Final = re.compile(
    r"(_id|_ids|_sha256|_at|_thumbprint|_version|_hash|valid_from|valid_to|valid_until|not_before|not_after"
    r"|this_update|next_update|as_of|serial|crl_number|sha256)$"
)
CODE: Final = frozenset(
    {
        "route", "method", "code", "reason", "state", "role", "loa", "amr", "carrier", "hint", "purpose",
        "flow", "product_code", "delivery", "problem", "failure", "profile", "carrier_kind", "shard",
        "register", "outcome", "key", "kind", "format", "report", "period", "job", "consumer", "entry_type",
        "process", "fields", "changed", "faults", "failed_steps", "document_kind", "revocation_reason",
        "relation", "picture_kind", "picture_source", "remarks",
        "hierarchy", "acts", "source", "node", "awaited", "findings", "environment", "counts", "client_key",
        "ground", "legal_ground", "label", "role_source", "answer", "recipient", "page",
        "handles", "scopes", "sealing",
    }
)  # fmt: skip
"""Fields whose values come from a closed set of our own, or are names of things of ours."""
OTHER: Final[Mapping[str, str]] = {
    "name": "of a key on a card or of a profile's certificate: KeyName, never a person's",
    "names": "of keys on a card, or what a function certificate is for: host names and function mailboxes",
    "rp_name": "a service's",
    "return_origins": "a service's addresses",
    "key_labels": "of keys in the HSM",
    "key_label": "of a key in the HSM",
    "subject": "a person's random id, or a month",
    "settings": "an allow-list without secrets (portal/told_settings.py)",
    "criteria": "ids, types and days of a search",
}


def all_events() -> list[type[Event]]:
    for name in modules():
        if name.rpartition(".")[2] in {
            "events",
            "exports",
            "configuration",
            "restores",
            "erasure",
            "erasures",
            "archiving",
            "watching",
        }:
            importlib.import_module(name)
    return [
        kind for (name, _), kind in sorted(known_events().items()) if not name.startswith(("test.", "bench."))
    ]


def test_every_kind_of_act_and_refusal_has_its_event() -> None:
    known = {kind.TYPE for kind in all_events()}
    assert {what: set(types) - known for what, types in COVERAGE.items() if set(types) - known} == {}


def test_what_is_to_come_is_moved_up_when_it_has_come() -> None:
    assert known_names() & set(TO_COME) == set()


def known_names() -> set[str]:
    return {kind.TYPE for kind in all_events()}


def test_a_leaf_holds_identifiers_and_codes_and_nothing_of_a_person() -> None:
    """GDPR, F24: whatever else an event tells is marked ``Personal`` and stands outside the leaf."""
    found = {
        f"{kind.TYPE}.{one.name}"
        for kind in all_events()
        for one in fields(kind)
        if one.name not in personal_fields(kind)  # type: ignore[arg-type]
        and one.type not in {"int", "bool", int, bool}
        and not IDENTIFIER.search(one.name)
        and one.name not in CODE
        and one.name not in OTHER
    }
    assert found == set()


def test_an_event_with_personal_fields_says_whose_they_are_or_has_nobody() -> None:
    """Without ``person_id`` they are kept under the key of the month, or of who acted."""
    # Who acted gave the reason of a decision over many people: it lies under their own key.
    nobody = {"authn.order_claimed", "basis.decided", "directory.sync_decided", "organization.set_up"} | {
        "organization.agency_given",
        "organization.agency_ended",
    }
    told = {kind.TYPE for kind in all_events() if personal_fields(kind) and "person_id" not in _names(kind)}  # type: ignore[arg-type]
    assert told <= nobody


def _names(kind: type[Event]) -> set[str]:
    return {one.name for one in fields(kind)}


def test_every_verb_that_takes_who_and_when_can_reach_the_journal() -> None:
    silent = {
        f"{module}.{name}"
        for (module, name), _ in acts()
        if not reaches_journal((module, name)) and not any(mark in f"{module}.{name}." for mark in NOT_AN_ACT)
    }
    assert silent == set()


@pytest.mark.parametrize(
    "verb",
    [
        ("cards.ordering", "cancel_order"), ("cards.blocking", "block_card"),
        ("cards.activation", "open_activation"), ("directory.lifecycle", "grant_role"),
        ("ca.revocation", "revoke_with_carrier"), ("authn.lifecycle", "start"),
        ("portal.accounts.sessions", "end"), ("functioncerts.tokens", "create_token"),
    ],
)  # fmt: skip
def test_the_search_for_silent_verbs_knows_a_verb_when_it_sees_one(verb: Node) -> None:
    assert verb in {node for node, _ in acts()}
    assert reaches_journal(verb)


def test_the_search_finds_a_verb_that_is_silent() -> None:
    """A search that takes everything for an act that is told would find nothing."""
    reading = [node for node, _ in acts() if node[0].endswith((".policies", ".selectors"))]
    assert len(reading) > 5
    assert not any(reaches_journal(node) for node in reading)


def addresses(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from addresses(entry, path)
        elif isinstance(entry, URLPattern):
            yield path, entry


def _view(entry: URLPattern) -> tuple[Node, bool]:
    """Return the function behind an address, and whether it takes POST."""
    callback = entry.callback
    kind = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
    if isinstance(kind, type) and issubclass(kind, View):
        return (kind.__module__, "post"), hasattr(kind, "post")
    module = importlib.import_module(callback.__module__)
    here = modules()
    for owner in [
        module,
        *(importlib.import_module(name) for name in here if name.split(".")[0] in APPS[:6]),
    ]:
        name = next((name for name, value in vars(owner).items() if value is callback), "")
        if name and name in here[owner.__name__].functions:
            return (owner.__name__, name), True
    raise AssertionError(entry)


def _takes_post(view: Node) -> bool:
    """Tell from its decorators whether a view takes POST; one that says nothing takes everything."""
    said = [
        ast.unparse(decorator)
        for function in modules()[view[0]].functions[view[1]]
        for decorator in function.decorator_list
    ]
    limits = [one for one in said if one.startswith("require_")]
    return not limits or any("POST" in one for one in limits)


def test_every_address_that_takes_a_post_can_reach_the_journal() -> None:
    silent = set()
    for path, entry in addresses(get_resolver("portal.urls")):
        view, posts = _view(entry)
        if posts and _takes_post(view) and path not in NO_EVENT and not reaches_journal(view):
            silent.add(path)
    assert silent == set()


def test_an_address_that_is_excused_exists_and_really_leaves_nothing() -> None:
    known = dict(addresses(get_resolver("portal.urls")))
    assert {path for path in NO_EVENT if path not in known} == set()
    assert {path for path in NO_EVENT if reaches_journal(_view(known[path])[0])} == set()
