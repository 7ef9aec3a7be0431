"""No address names a protected person before a reason, whoever asks and however; then each look is an event.

Generated from the URL configuration, so that what is added later is tried as well.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from cards.lifecycle import block_card
from cards.models import Card
from cards.reasons import BlockReason
from directory import registers
from directory.models import Person, Role
from journal.models import Entry
from portal.protection import SUBJECTS
from tests.cast import actor_of
from tests.portal.auditor.test_reach import OWN_PROOF
from tests.portal.conftest import LogIn
from tests.portal.foreign import Address, Norr, addresses, filled, guesses, norr_at_work
from tests.portal.test_foreign_scope import _said
from tests.scenarios import Scene

OPENING: Final = "people/<uuid:person_id>/open/"
OF_NOBODY: Final = frozenset(
    {
        "unit_id", "function_id", "ceremony_id", "register", "run_id", "subject", "decision_id",
        "appointment_id", "organization_id", "assignment_id", "entry_id", "size", "position", "leaf_hash",
        "state", "issuer_key", "report_id", "schedule_id", "code", "name", "form", "bulk_order_id",
        "act_id", "evidence_id", "function_order_id", "link_token", "old_report_id", "session_id",
        "own_card_id", "own_renewal_id", "own_activation_id", "own_mobile_id", "own_unlock_id",
        "extra_hsa_id", "picture_id",
        "validation_id", "api_token_id", "batch_number", "file_number", "stock_place_id", "stock_transfer_id",
    }
)  # fmt: skip
"""Names in addresses that are about no one person; such pages mask people or ask themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Norr at work, one of its people protected, and the browsers of those who may see protected people."""

    norr: Norr
    person_id: str
    is_blocked: bool
    secrets: frozenset[str]
    cookies: Mapping[str, str]

    def named(self, said: str, *, asked: str) -> set[str]:
        """Return what an answer tells of the protected person, but for what the question itself held."""
        return {one for one in self.secrets if one in said and one not in asked}


@pytest.fixture(params=["active", "blocked"])
def stage(request: pytest.FixtureRequest, scene: Scene, settings: Settings, log_in: LogIn) -> Iterator[Stage]:
    settings.SIGILL_HSA_URL = settings.SIGILL_PU_URL = "http://127.0.0.1:9"
    registers.forget()
    cache.clear()
    norr = norr_at_work(scene)
    card = Card.objects.get(pk=norr.ids["card_id"])
    if request.param == "blocked":
        block_card(
            card_id=str(card.pk), reason=BlockReason.LOST_OR_STOLEN, requested_at=scene.at,
            actor=scene.cast.alva, at=scene.later(minutes=1),
        )  # fmt: skip
    Person.objects.filter(pk=card.person_id).update(protected_identity=True, search_key="", address_lines=[])
    number = card.person.personal_identity_number
    actors = {
        role.value: actor_of(scene.cast.alva_herself, role)
        for role in (Role.ID_ADMINISTRATOR, Role.ISSUANCE_MANAGER)
    } | {Role.AUDITOR.value: scene.cast.cia}
    name = django_settings.SESSION_COOKIE_NAME
    yield Stage(
        norr=norr,
        person_id=str(card.person_id),
        is_blocked=request.param == "blocked",
        secrets=frozenset(
            {
                "Lindqvist", card.holder_name, number, f"{number[:8]}-{number[8:]}",
                str(card.card_number), scene.cast.asa.email,
                " ".join(str(card.card_number)[place : place + 4] for place in range(0, 19, 4)),
            }
        ),
        cookies={
            role: log_in(replace(actor, may_see_protected=True)).cookies[name].value
            for role, actor in actors.items()
        },
    )  # fmt: skip
    registers.forget()


def looks(
    stage: Stage, cookie: str, method: str, url: str, data: Mapping[str, str] | None
) -> tuple[str, int]:
    """Return what an answer says and how many looks it left in the journal, and leave all as it was."""
    browser = Client()
    browser.cookies[django_settings.SESSION_COOKIE_NAME] = cookie
    of_person = Entry.objects.filter(type="person.protected_opened", references__value=stage.person_id)
    with transaction.atomic():
        before = of_person.count()
        said = _said(getattr(browser, method)(url, data or {}))
        after = of_person.count()
        transaction.set_rollback(True)
    return said, after - before


def tries(stage: Stage) -> Iterator[tuple[str, str, Mapping[str, str] | None]]:
    """Yield every way to ask: by GET, each parameter, and forms filled in; of a blocked card what is its."""
    tried = guesses(stage.norr)
    for address in addresses():
        if address.path == OPENING or address.path.startswith((*OWN_PROOF, "login/", "logout/")):
            continue
        if stage.is_blocked and not SUBJECTS.keys() & set(address.names):
            continue
        url = filled(address, stage.norr.ids)
        yield "get", url, None
        yield "post", url, _form(address, tried, stage)
        if not address.names:
            for name in address.parameters:
                yield from (("get", url, {name: value}) for value in tried.get(name, ()))


def _form(address: Address, tried: Mapping[str, tuple[str, ...]], stage: Stage) -> Mapping[str, str]:
    return {name: (tried.get(name) or (stage.person_id,))[0] for name in address.fields if name != "why"}


def test_no_answer_names_a_protected_person_before_the_reason_and_each_that_does_later_is_an_event(
    stage: Stage,
) -> None:
    named = {}
    for method, url, data in tries(stage):
        for role, cookie in stage.cookies.items():
            said, looked = looks(stage, cookie, method, url, data)
            if found := stage.named(said, asked=f"{url} {data}"):
                named[f"{method} {url} as {role} with {data}"] = found
            assert looked == 0, f"{method} {url} as {role} with {data}"
    assert named == {}, "ask for the reason: portal/protection.py"
    untold, told = [], set()
    for role, cookie in stage.cookies.items():
        browser = Client()
        browser.cookies[django_settings.SESSION_COOKIE_NAME] = cookie
        given = browser.post(reverse("person-open", args=[stage.person_id]), {"reason": "visit"})
        assert given.status_code == 302, role
    for method, url, data in tries(stage):
        for role, cookie in stage.cookies.items():
            said, looked = looks(stage, cookie, method, url, data)
            if stage.named(said, asked=f"{url} {data}"):
                told.add(url)
                if not looked:
                    untold.append(f"{method} {url} as {role} with {data}")
    assert untold == []
    ids = stage.norr.ids
    expected = [
        ("order", "order_id"),
        ("activation", "activation_id"),
        ("activation-receipt", "activation_id"),
    ]
    if stage.is_blocked:
        expected += [("block-receipt", "card_id")]
    else:
        expected += [("person", "person_id"), ("block-card", "card_id")]
    assert {reverse(name, args=[ids[key]]) for name, key in expected} <= told


def test_every_name_in_an_address_is_somebodys_or_nobodys() -> None:
    """A new name: say in SUBJECTS of portal/protection.py whose it is, or here that it is nobody's."""
    names = {name for one in addresses() if not one.path.startswith(OWN_PROOF) for name in one.names}
    assert names - set(SUBJECTS) - OF_NOBODY == set()
