"""Where an organization wants two people, the second approves the external account key, once."""

from dataclasses import replace

import pytest
from django.db import IntegrityError, transaction

from functioncerts.acme.errors import ExternalKeyNotFound
from functioncerts.acme.external_keys import approve_external_key
from functioncerts.acme.models import ExternalAccountKey
from functioncerts.errors import Refused
from functioncerts.models import ApprovalPolicy, FunctionOrder
from journal.models import Entry
from tests.functioncerts.acme.conftest import NAME, Acme, csr
from tests.functioncerts.acme.program import problem

pytestmark = pytest.mark.django_db


def wants_two(acme: Acme) -> None:
    ApprovalPolicy.objects.create(
        organization=acme.stage.cast.norr, kind="server", set_at=acme.stage.at, set_by="SE2321000016-A009"
    )


def test_nothing_is_ordered_until_another_orderer_approved_the_key(acme: Acme) -> None:
    """FC-5."""
    stage, key_id = acme.stage, acme.external.key_id
    open_before = acme.program.order(f"a.{NAME}")
    acme.prove(open_before)
    wants_two(acme)
    for answer in (
        acme.program.order(NAME),
        acme.program.post(open_before.json()["finalize"], {"csr": csr(f"a.{NAME}")}),
    ):
        assert (answer.status_code, problem(answer)) == (403, "userActionRequired")
        assert answer.json()["instance"].endswith(f"/functions/{stage.server.pk}/")
    with pytest.raises(Refused, match="second_person_is_the_first"):
        approve_external_key(external_key_id=key_id, actor=stage.cast.bo, at=stage.at)
    with pytest.raises(ExternalKeyNotFound):
        approve_external_key(external_key_id=key_id, actor=stage.cast.doris, at=stage.at)
    with pytest.raises(Refused, match="role_missing"):
        approve_external_key(external_key_id=key_id, actor=stage.cast.cia, at=stage.at)
    with pytest.raises(Refused, match="second_person_is_the_first"):  # the same person by another HSA-id
        approve_external_key(
            external_key_id=key_id, actor=replace(stage.cast.bo, identifier="SE2321000016-A009"), at=stage.at
        )
    second = replace(stage.cast.bo, identifier="SE2321000016-A009", person_id=stage.cast.alva.person_id)
    for _ in range(2):
        approve_external_key(external_key_id=key_id, actor=second, at=stage.at)
    assert Entry.objects.filter(type="acme_key.approved").count() == 1
    acme.certificate()
    order = FunctionOrder.objects.get()
    assert (order.decided_by, order.ordered_by) == (
        "SE2321000016-A009", f"acme:{acme.program.account.rpartition('/')[2]}",
    )  # fmt: skip


def test_the_database_knows_that_the_second_is_another(acme: Acme) -> None:
    key = ExternalAccountKey.objects.filter(pk=acme.external.key_id)
    for fields in (
        {"approved_at": acme.stage.at, "approved_by": acme.stage.cast.bo.identifier},
        {"approved_by": "SE2321000016-A009"},
        {"approved_at": acme.stage.at},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            key.update(**fields)
