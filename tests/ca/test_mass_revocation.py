"""Mass revocation: a fixed list, two people above 25, stages that go on after a crash, nothing forgotten."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from ca import mass_revocation
from ca.batch_issuance import issue_pending
from ca.crl_lists import crl_file
from ca.crl_publishing import publish_due
from ca.errors import ApprovalRefused, ReasonRefused, UnknownMassRevocation
from ca.ledger_replay import revocation_ledger
from ca.mass_models import MassRevocation
from ca.mass_revocation import Criteria, Progress, approve, carry_out, find, stage
from ca.models import BlockedKey, Certificate
from ca.pki.crl_reading import entries_of
from ca.pki.reasons import RevocationReason
from ca.revocation import revoke
from ca.selectors import issuer
from directory.models import Role
from journal.models import Entry
from tests.ca.conftest import ALVA, WORKER, Authority
from tests.ca.test_batch_issuance import drafts, registered
from tests.cast import actor_of, the_cast

MANY = 30
CRITERIA = Criteria(issuer="person_hsa_id_3", organization_id="organization-1")


@pytest.fixture
def many(authority: Authority) -> Authority:
    """Return a CA with thirty cards' certificates."""
    registered(authority, *drafts(MANY))
    assert issue_pending(signers=authority.signers, actor=WORKER, at=authority.at) == MANY
    authority.later(seconds=5)
    return authority


def staged(authority: Authority, criteria: Criteria = CRITERIA) -> MassRevocation:
    return stage(
        criteria,
        reason=RevocationReason.SUPERSEDED,
        requested_at=authority.at,
        first_person="cia",
        actor=ALVA,
        at=authority.at,
    )


def run(authority: Authority, mass: MassRevocation) -> Progress:
    return carry_out(mass.pk, actor=ALVA, clock=lambda: authority.at)


def revoked() -> int:
    return Certificate.objects.filter(revoked_at__isnull=False).count()


def test_every_certificate_of_the_list_is_revoked_told_and_listed(many: Authority) -> None:
    """Reliability F28, R21: the list and the result are compared one by one."""
    mass = staged(many)
    assert (mass.total, revoked()) == (MANY, 0)
    approve(mass.pk, second_person="bo", actor=ALVA, at=many.at)
    assert run(many, mass) == Progress(done=MANY, total=MANY)
    members = mass.members.select_related("certificate")
    assert {one.outcome for one in members} == {"revoked"}
    assert Entry.objects.filter(type="certificate.revoked").count() == MANY
    assert Entry.objects.filter(type__startswith="revocation.mass_").count() == 3
    publish_due(signers=many.signers, actor=WORKER, at=many.at)
    listed = list(entries_of(crl_file(issuer("person_hsa_id_3")).read_bytes()))
    assert set(listed) == {bytes(one.certificate.crl_entry_der) for one in members}
    serials = {one.certificate.serial_hex for one in members}
    assert revocation_ledger().revoked_serials("person_hsa_id_3", at=many.at) == serials
    mass.refresh_from_db()
    assert mass.finished_at == many.at
    assert run(many, mass) == Progress(done=MANY, total=MANY), "again: nothing is left"
    assert Entry.objects.filter(type="revocation.mass_finished").count() == 1


def test_many_take_two_people_and_few_do_not(many: Authority) -> None:
    """domain.md 7.3; the database says the same."""
    mass = staged(many)
    with pytest.raises(ApprovalRefused):
        run(many, mass)
    for person in ("cia", ""):
        with pytest.raises(ApprovalRefused):
            approve(mass.pk, second_person=person, actor=ALVA, at=many.at)
    assert revoked() == 0
    for wrong in (
        {"finished_at": many.at},
        {"approved_by": "cia", "approved_at": many.at},
        {"approved_by": "bo"},
        {"approved_at": many.at},
    ):
        with pytest.raises(IntegrityError, match="mass_revocation"), transaction.atomic():
            MassRevocation.objects.filter(pk=mass.pk).update(**wrong)
    approve(mass.pk, second_person="bo", actor=ALVA, at=many.at)
    with pytest.raises(ApprovalRefused):
        approve(mass.pk, second_person="eva", actor=ALVA, at=many.at)
    two = Certificate.objects.filter(carrier_id__in=["card-1", "card-2"])
    serials = tuple(two.values_list("serial_hex", flat=True))
    assert run(many, staged(many, Criteria(serials=serials))).total == 2
    assert revoked() == 2


def test_a_crash_between_two_stages_leaves_the_rest_to_the_next_run(
    many: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mass_revocation, "STAGE", 10)
    mass = staged(many)
    approve(mass.pk, second_person="bo", actor=ALVA, at=many.at)

    def crash(progress: Progress) -> None:
        if progress.done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carry_out(mass.pk, actor=ALVA, clock=lambda: many.at, watch=crash)
    assert revoked() == 20
    seen: list[int] = []
    carry_out(mass.pk, actor=ALVA, clock=lambda: many.at, watch=lambda progress: seen.append(progress.done))
    assert seen == [30]
    assert Entry.objects.filter(type="certificate.revoked").count() == MANY


def test_what_was_revoked_before_keeps_its_reason_and_its_moment(many: Authority) -> None:
    mass = staged(many)
    approve(mass.pk, second_person="bo", actor=ALVA, at=many.at)
    one = Certificate.objects.get(carrier_id="card-3")
    revoke(
        certificate_id=one.pk,
        reason=RevocationReason.KEY_COMPROMISE,
        requested_at=many.at,
        actor=ALVA,
        at=many.at,
    )
    before = many.at
    many.later(minutes=5)
    run(many, mass)
    one.refresh_from_db()
    assert (one.revoked_at, one.revocation_reason) == (before, RevocationReason.KEY_COMPROMISE)
    assert mass.members.get(certificate=one).outcome == "already_revoked"
    assert mass.members.filter(outcome="revoked").count() == MANY - 1


def test_the_list_does_not_grow_after_it_was_staged(many: Authority) -> None:
    """What two people approved is what is revoked."""
    mass = staged(many)
    newer = many.certificate(carrier_id="newer")
    approve(mass.pk, second_person="bo", actor=ALVA, at=many.at)
    run(many, mass)
    newer.refresh_from_db()
    assert newer.revoked_at is None


def test_criteria_narrow_and_empty_ones_name_nothing(many: Authority) -> None:
    assert len(list(find(CRITERIA, at=many.at))) == MANY
    for criteria in (
        Criteria(profile="ocsp_signer"),
        Criteria(profile="function_server"),
        Criteria(issuer="person_hsa_id_3", organization_id="organization-2"),
        Criteria(
            issuer="person_hsa_id_3", profile="person_hsa_authentication", issued_from=many.at.isoformat()
        ),
        Criteria(
            profile="person_hsa_authentication", issued_until=(many.at - timedelta(hours=1)).isoformat()
        ),
        Criteria(serials=("00",)),
    ):
        assert list(find(criteria, at=many.at)) == []
    with pytest.raises(ReasonRefused):
        list(find(Criteria(), at=many.at))
    with pytest.raises(ReasonRefused):
        stage(
            CRITERIA,
            reason=RevocationReason.CERTIFICATE_HOLD,
            requested_at=many.at,
            first_person="cia",
            actor=ALVA,
            at=many.at,
        )
    with pytest.raises(UnknownMassRevocation):
        carry_out("00000000-0000-0000-0000-000000000000", actor=ALVA, clock=lambda: many.at)


def test_compromised_keys_of_a_list_are_blocked(many: Authority) -> None:
    """Reliability F22."""
    mass = stage(
        CRITERIA,
        reason=RevocationReason.KEY_COMPROMISE,
        requested_at=many.at - timedelta(days=1),
        first_person="cia",
        actor=ALVA,
        at=many.at,
    )
    approve(mass.pk, second_person="bo", actor=ALVA, at=many.at)
    run(many, mass)
    assert BlockedKey.objects.count() == MANY
    for one in Certificate.objects.filter(revoked_at__isnull=False):
        assert one.invalidity_at == one.not_before, "asked for before it began"


def test_the_command_takes_the_three_steps(many: Authority) -> None:
    """Reliability F40: it works when the portal is down."""
    Certificate.objects.update(issued_at=many.at - timedelta(days=1))
    told, cast = StringIO(), the_cast()
    asa, erik = cast.asa.hsa_id, cast.erik.hsa_id
    ines = actor_of(cast.asa, Role.CENTRAL_ADMINISTRATOR)
    actor_of(cast.erik, Role.CENTRAL_ADMINISTRATOR)
    which = ("--issuer", "person_hsa_id_3", "--profile", "person_hsa_authentication")
    staging = ("mass_revocation", "stage", "--reason", "superseded", *which)
    for nobody in ("Cia", cast.cia.identifier):
        with pytest.raises(CommandError, match="no role of the central administration"):
            call_command(*staging, "--officer", nobody, stdout=told)
    call_command(*staging, "--officer", asa, stdout=told)
    mass = MassRevocation.objects.get()
    assert f"{MANY} certificates" in told.getvalue()
    assert str(mass.pk) in told.getvalue()
    with pytest.raises(CommandError, match="two people"):
        call_command("mass_revocation", "carry_out", str(mass.pk), stdout=told)
    for same in (asa, asa.lower(), f" {asa}"):
        with pytest.raises(CommandError, match="whoever staged"):
            call_command("mass_revocation", "approve", str(mass.pk), "--officer", same, stdout=told)
    call_command("mass_revocation", "approve", str(mass.pk), "--officer", erik, stdout=told)
    assert mass.staged_by == ines.person_id
    events = Entry.objects.filter(type="revocation.mass_staged")
    assert json.loads(events.get().content)["actor"]["person"] == ines.person_id
    call_command("mass_revocation", "carry_out", str(mass.pk), stdout=told)
    call_command("mass_revocation", "list", stdout=told)
    assert f"{MANY} of {MANY}" in told.getvalue()
    assert f"finished, 0 of {MANY} left" in told.getvalue()
    assert revoked() == MANY
