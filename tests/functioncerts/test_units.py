"""A function object belongs to a unit of HSA's, and a role for a part sees that part (POR-10)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from directory.models import Role, RoleAssignment, Unit
from functioncerts import notice_recipients, selectors
from functioncerts.acme.external_keys import create_external_key
from functioncerts.errors import FunctionObjectNotFound, FunctionOrderNotFound, Refused, TokenInvalid
from functioncerts.inventory import Search, find
from functioncerts.models import FunctionObject
from functioncerts.policies import may_order, may_set_approval
from functioncerts.tokens import create_token, holder_of_token
from journal.actor import Actor
from tests.cast import actor_of
from tests.functioncerts.conftest import CLIENT, SERVER, Stage
from tests.functioncerts.test_lifecycle import delivered, order


@pytest.fixture
def units(stage: Stage) -> tuple[Unit, Unit]:
    hospital = Unit.objects.create(hsa_id="SE2321000016-U1", organization=stage.cast.norr, name="Norrby")
    below = Unit.objects.create(
        hsa_id="SE2321000016-U2", organization=stage.cast.norr, name="Akuten", parent=hospital
    )
    FunctionObject.objects.filter(hsa_id=SERVER).update(unit=below)
    return hospital, below


def of_units(stage: Stage, *units: Unit, role: Role = Role.FUNCTION_CERT_ORDERER) -> Actor:
    return replace(
        stage.cast.bo,
        role=role.value,
        organization_ids=(),
        organization_id=str(stage.cast.norr.pk),
        unit_id=str(units[0].pk),
        unit_ids=tuple(str(one.pk) for one in units),
    )


def test_an_orderer_for_a_unit_sees_and_orders_for_what_lies_in_it_only(
    stage: Stage, units: tuple[Unit, Unit]
) -> None:
    """POR-10: the unit's subtree, and nothing of the rest of the organization."""
    actor = of_units(stage, *units)
    assert [row.function_object.hsa_id for row in find(Search(), actor=actor, at=stage.at).rows] == [SERVER]
    placed, _ = delivered(stage, SERVER, actor=actor)
    other = order(stage, CLIENT)
    assert [one.pk for one in selectors.list_orders(actor=actor).orders] == [placed.pk]
    assert selectors.certificates_counted(actor=actor) == {str(stage.cast.norr.pk): 1}
    with pytest.raises(FunctionObjectNotFound):
        order(stage, CLIENT, actor=actor)
    with pytest.raises(FunctionOrderNotFound):
        selectors.get_order(str(other.pk), actor=actor)
    with pytest.raises(FunctionObjectNotFound):
        create_external_key(hsa_id=CLIENT, actor=actor, at=stage.at)
    stage.client.refresh_from_db()
    assert getattr(may_order(stage.client, actor=actor, at=stage.at), "code", "") == "outside_scope"
    assert getattr(may_set_approval(str(stage.cast.norr.pk), actor=actor), "code", "") in {
        "outside_scope",
        "role_missing",
    }


def test_the_unit_above_reaches_it_and_the_one_beside_does_not(
    stage: Stage, units: tuple[Unit, Unit]
) -> None:
    beside = Unit.objects.create(hsa_id="SE2321000016-U3", organization=stage.cast.norr, name="Labb")
    assert selectors.get_function_object(SERVER, actor=of_units(stage, units[1]))
    with pytest.raises(FunctionObjectNotFound):
        selectors.get_function_object(SERVER, actor=of_units(stage, beside))
    with pytest.raises(FunctionObjectNotFound):
        selectors.get_function_object(SERVER, actor=of_units(stage, beside, role=Role.AUDITOR))


def test_doris_sees_nothing_of_a_unit(stage: Stage, units: tuple[Unit, Unit]) -> None:
    doris = actor_of(stage.cast.asa, Role.FUNCTION_CERT_ORDERER)
    stranger = replace(doris, organization_ids=(str(stage.cast.syd.pk),))
    assert find(Search(), actor=stranger, at=stage.at).rows == ()
    with pytest.raises(FunctionObjectNotFound):
        order(stage, SERVER, actor=stranger)


def test_managers_of_the_units_above_are_told_of_what_ends(stage: Stage, units: tuple[Unit, Unit]) -> None:
    """POR-9: escalation goes to those who answer for the unit too."""
    deputy = actor_of(stage.cast.asa, Role.DEPUTY_ISSUANCE_MANAGER)
    RoleAssignment.objects.filter(employment=stage.cast.asa).update(unit=units[0])
    at = stage.at + timedelta(days=1)

    def told(hsa_id: str) -> set[str]:
        one = FunctionObject.objects.get(hsa_id=hsa_id)
        return {to.hsa_id for to in notice_recipients.recipients(one, answer=None, escalates=True, at=at)}

    assert deputy.identifier in told(SERVER)
    assert deputy.identifier not in told(CLIENT)


def test_a_refusal_is_not_an_error_of_ours(stage: Stage, units: tuple[Unit, Unit]) -> None:
    """An auditor of the unit reads, and is told why nothing may be ordered."""
    with pytest.raises(Refused):
        order(stage, SERVER, actor=of_units(stage, *units, role=Role.AUDITOR))


def test_a_token_made_in_a_role_for_a_unit_reaches_no_further_than_that_role(
    stage: Stage, units: tuple[Unit, Unit]
) -> None:
    """AUT-4: also where its holder has the role for the whole organization too, and when the part is over."""
    deputy = actor_of(stage.cast.asa, Role.DEPUTY_ISSUANCE_MANAGER)
    whole = RoleAssignment.objects.get(employment=stage.cast.asa)
    part = RoleAssignment.objects.create(
        employment=whole.employment, role=whole.role, organization=whole.organization, unit=units[0],
        valid_from=whole.valid_from, granted_at=whole.granted_at, granted_by=whole.granted_by,
    )  # fmt: skip
    narrow = replace(of_units(stage, *units, role=Role.DEPUTY_ISSUANCE_MANAGER), identifier=deputy.identifier)
    wide, tight = (
        create_token(
            hsa_id=one.identifier, role=one.role, organization_id=one.acting_for, actor=one, at=stage.at
        ).text
        for one in (deputy, narrow)
    )
    holder = holder_of_token(tight, client_address="", at=stage.at).actor
    assert (holder.organization_ids, set(holder.unit_ids)) == ((), {str(one.pk) for one in units})
    assert holder_of_token(wide, client_address="", at=stage.at).actor.organization_ids == (
        str(stage.cast.norr.pk),
    )
    RoleAssignment.objects.filter(pk=part.pk).update(valid_to=stage.at)
    with pytest.raises(TokenInvalid):
        holder_of_token(tight, client_address="", at=stage.at)
