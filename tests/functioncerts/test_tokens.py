"""API tokens: what they are good for unless named, whose they are, who sees and ends them."""

from dataclasses import replace
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from directory.models import Employment, Role, RoleAssignment
from directory.selectors import held_among
from functioncerts.errors import ApiTokenNotFound, Refused, TokenInvalid
from functioncerts.models import ApiToken, TokenScope
from functioncerts.token_selectors import list_tokens
from functioncerts.tokens import (
    LIFETIME,
    SEEN_EVERY,
    CreatedToken,
    TokenHolder,
    create_token,
    holder_of_token,
    revoke_token,
)
from journal.actor import Actor, ActorKind
from journal.models import Entry
from journal.selectors import content_of
from tests.cast import LONG_AGO, actor_of
from tests.functioncerts.conftest import SYSTEM, Stage

pytestmark = pytest.mark.django_db
READ_ORDER_REVOKE = {TokenScope.READ, TokenScope.ORDER, TokenScope.REVOKE}


def made_by(actor: Actor, stage: Stage, *, hsa_id: str = "", role: str = "") -> CreatedToken:
    return create_token(
        hsa_id=hsa_id or actor.identifier, role=role or actor.role, organization_id=actor.acting_for,
        label="certbot på journal01", actor=actor, at=stage.at,
    )  # fmt: skip


def holder(stage: Stage, text: str) -> TokenHolder:
    return holder_of_token(text, client_address="192.0.2.1", at=stage.at)


def test_what_decides_or_manages_is_in_no_token_that_does_not_name_it(stage: Stage) -> None:
    """AUT-4: a token for which nobody named a scope approves no order in a person's place."""
    assert holder(stage, made_by(stage.cast.bo, stage).text).scopes == READ_ORDER_REVOKE
    out = StringIO()
    told = ("create_api_token", "--hsa-id", stage.cast.bo.identifier, "--role", "function_cert_orderer")
    call_command(*told, "--only-token", stdout=out)
    assert holder(stage, out.getvalue().strip()).scopes == READ_ORDER_REVOKE
    assert set(ApiToken(created_at=stage.at).scopes) == READ_ORDER_REVOKE
    named = StringIO()
    call_command(*told, "--only-token", "--scope", "approve", stdout=named)
    assert holder(stage, named.getvalue().strip()).scopes == {TokenScope.APPROVE}
    by_command = content_of(Entry.objects.filter(type="api_token.created").latest("pk"))
    assert by_command["actor"]["identifier"] == "operator:create_api_token"
    with pytest.raises(Refused):
        create_token(
            hsa_id=stage.cast.bo.identifier, role=stage.cast.bo.role, scopes=(), actor=SYSTEM, at=stage.at
        )


def test_people_lend_their_own_role_and_no_other(stage: Stage) -> None:
    bo, manager = stage.cast.bo, actor_of(stage.cast.asa, Role.ISSUANCE_MANAGER)
    assert made_by(bo, stage).api_token.created_by == bo.identifier
    program = holder(stage, made_by(bo, stage).text).actor
    assert program.kind is ActorKind.SERVICE
    for actor, hsa_id, role in (
        (manager, bo.identifier, bo.role),
        (bo, bo.identifier, Role.ISSUANCE_MANAGER.value),
        (bo, manager.identifier, bo.role),
        (program, program.identifier, program.role),
        (stage.cast.alva, "", ""),
        (stage.cast.cia, "", ""),
    ):
        with pytest.raises(Refused):
            made_by(actor, stage, hsa_id=hsa_id, role=role)
    assert ApiToken.objects.count() == 2


def test_it_is_for_the_organization_in_which_it_was_made(stage: Stage) -> None:
    """Who holds the role in two organizations lends the one that they use."""
    bo = stage.cast.bo
    RoleAssignment.objects.create(
        employment=Employment.objects.get(hsa_id=bo.identifier), role=bo.role, organization=stage.cast.syd,
        valid_from=LONG_AGO, granted_at=LONG_AGO, granted_by="SE2321000016-A000",
    )  # fmt: skip
    in_syd = replace(bo, organization_ids=(str(stage.cast.syd.pk),), organization_id=str(stage.cast.syd.pk))
    for actor in (bo, in_syd):
        acting = holder(stage, made_by(actor, stage).text).actor
        assert acting.organization_id == actor.acting_for
        assert acting.organization_ids == (actor.acting_for,)
    assert {one.organization_id for one in list_tokens(actor=in_syd).tokens} == {stage.cast.syd.pk}


def test_who_sees_and_ends_which(stage: Stage) -> None:
    """Bo his own, managers all of the organization, an auditor reads; Doris of another gets nothing."""
    manager = actor_of(stage.cast.asa, Role.ISSUANCE_MANAGER)
    own, theirs = made_by(stage.cast.bo, stage).api_token, made_by(manager, stage).api_token
    doris = replace(stage.cast.doris, role=Role.ISSUANCE_MANAGER.value)
    in_a_unit = replace(
        manager, organization_ids=(), organization_id=manager.acting_for, unit_id="u", unit_ids=("u",)
    )

    def seen(actor: Actor) -> set[ApiToken]:
        return set(list_tokens(actor=actor).tokens)

    assert (seen(stage.cast.bo), seen(manager), seen(stage.cast.cia)) == ({own}, {own, theirs}, {own, theirs})
    assert (seen(doris), seen(stage.cast.alva), seen(in_a_unit)) == (set(), set(), {theirs})
    for actor, error in (
        (doris, ApiTokenNotFound),
        (stage.cast.alva, ApiTokenNotFound),
        (in_a_unit, ApiTokenNotFound),
        (stage.cast.cia, Refused),
    ):
        with pytest.raises(error):
            revoke_token(api_token_id=str(own.pk), actor=actor, at=stage.at)
    with pytest.raises(ApiTokenNotFound):
        revoke_token(api_token_id=str(theirs.pk), actor=stage.cast.bo, at=stage.at)
    officer = replace(manager, role=Role.REVOCATION_OFFICER.value)
    revoke_token(api_token_id=str(own.pk), actor=officer, at=stage.at)
    revoke_token(api_token_id=str(theirs.pk), actor=manager, at=stage.at)
    revoke_token(api_token_id=str(theirs.pk), actor=manager, at=stage.at)
    assert Entry.objects.filter(type="api_token.revoked").count() == 2
    assert not ApiToken.objects.filter(revoked_at__isnull=True).exists()


def test_its_last_use_is_written_now_and_then(stage: Stage) -> None:
    token = made_by(stage.cast.bo, stage)

    def used(after: timedelta) -> object:
        holder_of_token(token.text, client_address="", at=stage.at + after)
        return ApiToken.objects.get().last_used_at

    assert ApiToken.objects.get().last_used_at is None
    assert used(timedelta()) == stage.at
    assert used(SEEN_EVERY - timedelta(seconds=1)) == stage.at
    assert used(SEEN_EVERY) == stage.at + SEEN_EVERY
    with pytest.raises(TokenInvalid):
        used(LIFETIME)
    long = create_token(
        hsa_id=stage.cast.bo.identifier,
        role=stage.cast.bo.role,
        lifetime=LIFETIME * 9,
        actor=SYSTEM,
        at=stage.at,
    )
    assert long.api_token.expires_at == stage.at + LIFETIME


def test_lists_go_on_where_they_stopped(stage: Stage) -> None:
    for _ in range(3):
        made_by(stage.cast.bo, stage)
    first = list_tokens(actor=stage.cast.bo, limit=2)
    rest = list_tokens(actor=stage.cast.bo, limit=2, after=first.after)
    assert len(first.tokens) + len(rest.tokens) == len({*first.tokens, *rest.tokens}) == 3
    assert (rest.after, bool(first.after)) == ("", True)
    for unreadable in ("x", "2026-01-01~y", "2026-01-01T00:00:00+00:00~y"):
        list_tokens(actor=stage.cast.bo, after=unreadable)


def test_roles_are_held_or_gone(stage: Stage) -> None:
    bo = stage.cast.bo
    norr = str(stage.cast.norr.pk)
    assert held_among({bo.identifier}, at=stage.at) == {(bo.identifier, bo.role, norr)}
    RoleAssignment.objects.filter(employment__hsa_id=bo.identifier).update(valid_to=stage.at)
    assert held_among({bo.identifier}, at=stage.at) == set()
