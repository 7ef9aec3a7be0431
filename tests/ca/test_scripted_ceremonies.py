"""Ceremonies after the first: dry runs, two people, steps that survive a crash, protocols."""

import hashlib
import json
import subprocess
from dataclasses import dataclass, replace
from types import ModuleType

import pytest
from cryptography import x509
from django.conf import settings
from django.db import IntegrityError, transaction

from ca.ceremony import issuer_revocation, running, steps
from ca.ceremony.approval import approve, withdraw
from ca.ceremony.consequence import consequence_for
from ca.ceremony.errors import ApprovalRefused, CeremonyHeldBefore, NotApproved, ScriptRefused
from ca.ceremony.holding import hold_script
from ca.ceremony.models import CeremonyPlan
from ca.ceremony.planning import newest_of, plan_ceremony
from ca.ceremony.proposal import propose
from ca.ceremony.script import read_script
from ca.ceremony.signers import Hold
from ca.ceremony.states import PLAN_TABLE, PlanAction, PlanState
from ca.ceremony.telling import tell
from ca.crl_lists import crl_file
from ca.crl_publishing import publish_crl
from ca.errors import KeyRefused, ProfileRefused
from ca.health.ends import ends
from ca.hsm.installation import token_configuration
from ca.ledger_replay import revocation_ledger
from ca.models import Certificate, Issuer
from ca.pki.reasons import RevocationReason
from ca.selectors import certificate_pem, issuer, issuers
from directory.models import Role, RoleAssignment
from journal.actor import Actor
from journal.audit_key import audit_key
from journal.models import Entry
from tests.ca.conftest import WORKER, Authority
from tests.cast import actor_of, the_cast

ROLL_OVER = """
title = "Person HSA-id 3 rolls over to v2"

[[steps]]
act = "roll_over"
issuer = "person_hsa_id_3"
new_issuer = "person_hsa_id_3_v2"
common_name = "Sigill e-id Person HSA-id 3 CA v2"
"""
REVOKE = """
title = "Person HSA-id 3 is compromised"

[[steps]]
act = "revoke_issuer"
issuer = "person_hsa_id_3"
reason = "cACompromise"
"""
RENEW = """
title = "New certificate for Person ID 3"

[[steps]]
act = "renew_issuer"
issuer = "person_id_3"
"""


REVOKED = 'act = "revoke_issuer"\nissuer = "person_id_3"\nreason = "cACompromise"\n'
FRESH = 'act = "add_issuer"\nissuer = "fresh"\nlike = "person_id_3"\n'


@dataclass
class Hall:
    """A CA with two central administrators, and the way of a script through their hands."""

    authority: Authority
    ines: Actor
    nils: Actor

    def propose(self, text: str) -> CeremonyPlan:
        return propose(
            plan_ceremony(read_script(text.encode()), at=self.authority.at),
            actor=Actor.system("key_ceremony"),
            at=self.authority.at,
        )

    def approve_twice(self, plan: CeremonyPlan) -> None:
        for actor in (self.ines, self.nils):
            approve(plan.pk, plan_sha256=plan.plan_sha256, actor=actor, at=self.authority.later(minutes=1))

    def hold(self, text: str) -> CeremonyPlan:
        return hold_script(
            read_script(text.encode()),
            hold=Hold(keys=self.authority.signers, is_alone=True),
            configuration=token_configuration(),
            actor=Actor.system("key_ceremony"),
            clock=lambda: self.authority.later(seconds=1),
            watch=lambda _: None,
        )

    def all_of_it(self, text: str) -> CeremonyPlan:
        self.approve_twice(self.propose(text))
        return self.hold(text)


@pytest.fixture
def hall(authority: Authority) -> Hall:
    cast = the_cast()
    return Hall(
        authority=authority,
        ines=actor_of(cast.asa, Role.CENTRAL_ADMINISTRATOR),
        nils=actor_of(cast.erik, Role.CENTRAL_ADMINISTRATOR),
    )


def everything() -> list[object]:
    """Return what a ceremony could change."""
    files = {
        str(file.relative_to(settings.SIGILL_HOME)): file.read_bytes()
        for folder in ("ceremony", "public", "hsm/certificates", "ledger")
        for file in sorted((settings.SIGILL_HOME / folder).rglob("*"))
        if file.is_file()
    }
    return [
        files,
        list(Issuer.objects.order_by("pk").values()),
        Certificate.objects.count(),
        Entry.objects.count(),
        CeremonyPlan.objects.count(),
    ]


def test_a_dry_run_says_exactly_what_would_be_done_and_changes_nothing(hall: Hall) -> None:
    """PKI-4."""
    hall.authority.certificate(carrier_id="card-1")
    hall.authority.certificate(carrier_id="card-2")
    before = everything()
    planned = plan_ceremony(read_script(REVOKE.encode()), at=hall.authority.at)
    told = "\n".join(tell(planned))
    assert everything() == before
    own = Certificate.objects.get(carrier_id="person_hsa_id_3", profile="issuer")
    assert own.sha256 in told
    assert "2 live certificates of 1 people on 2 cards and 0 functions" in told
    assert "logins with them are refused" in told
    assert planned.sha256 in told


def test_nothing_is_done_before_two_different_people_have_approved(hall: Hall) -> None:
    """Domain.md 7.3: dual control for a new issuer; reliability A16."""
    with pytest.raises(NotApproved, match="nobody proposed"):
        hall.hold(ROLL_OVER)
    plan = hall.propose(ROLL_OVER)
    with pytest.raises(NotApproved, match="two different people"):
        hall.hold(ROLL_OVER)
    approve(plan.pk, plan_sha256=plan.plan_sha256, actor=hall.ines, at=hall.authority.at)
    with pytest.raises(ApprovalRefused) as refused:
        approve(plan.pk, plan_sha256=plan.plan_sha256, actor=hall.ines, at=hall.authority.at)
    assert refused.value.facts["rule"] == "same_person"
    with pytest.raises(NotApproved, match="one more person"):
        hall.hold(ROLL_OVER)
    assert not Issuer.objects.filter(key="person_hsa_id_3_v2").exists()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"role": Role.ID_ADMINISTRATOR.value}, "role"),
        ({"role": Role.AUDITOR.value}, "role"),
        ({"organization_ids": ()}, "role"),
        ({"loa": 2}, "loa"),
    ],
)
def test_only_the_central_administration_at_level_three_approves(
    hall: Hall, change: dict[str, object], rule: str
) -> None:
    plan = hall.propose(ROLL_OVER)
    with pytest.raises(ApprovalRefused) as refused:
        approve(
            plan.pk,
            plan_sha256=plan.plan_sha256,
            actor=replace(hall.ines, **change),  # type: ignore[arg-type]
            at=hall.authority.at,
        )
    assert refused.value.facts["rule"] == rule


def test_an_approval_is_of_the_plan_that_was_shown(hall: Hall) -> None:
    plan = hall.propose(ROLL_OVER)
    with pytest.raises(ApprovalRefused) as refused:
        approve(plan.pk, plan_sha256="0" * 64, actor=hall.ines, at=hall.authority.at)
    assert refused.value.facts["rule"] == "digest"


def test_the_database_itself_refuses_one_approver_twice(hall: Hall) -> None:
    plan = hall.propose(ROLL_OVER)
    at = hall.authority.at
    with pytest.raises(IntegrityError, match="ceremony_approvers_differ"), transaction.atomic():
        CeremonyPlan.objects.filter(pk=plan.pk).update(
            first_approver="one", first_approved_at=at, second_approver="one", second_approved_at=at
        )
    with pytest.raises(IntegrityError, match="ceremony_is_not_held_by_one"), transaction.atomic():
        CeremonyPlan.objects.filter(pk=plan.pk).update(
            state=PlanState.APPROVED.value, first_approver="one", first_approved_at=at
        )


def test_approvals_grow_old_and_end_with_the_role(hall: Hall) -> None:
    hall.approve_twice(hall.propose(ROLL_OVER))
    real = hall.authority.at
    hall.authority.later(days=8)
    with pytest.raises(NotApproved, match="older than 7 days"):
        hall.hold(ROLL_OVER)
    hall.authority.at = real
    RoleAssignment.objects.filter(employment__person_id=hall.nils.person_id).delete()
    with pytest.raises(NotApproved, match="no longer of the central administration"):
        hall.hold(ROLL_OVER)


def test_a_plan_that_would_do_something_else_by_now_is_not_held(hall: Hall) -> None:
    hall.approve_twice(hall.propose(REVOKE))
    other = Certificate.objects.get(carrier_id="person_hsa_id_3", profile="issuer")
    Certificate.objects.filter(pk=other.pk).update(sha256="0" * 64)
    with pytest.raises(NotApproved, match="has changed since it was approved"):
        hall.hold(REVOKE)
    assert Issuer.objects.get(key="person_hsa_id_3").revoked_at is None


def test_a_withdrawn_plan_is_never_held_and_its_script_can_be_proposed_anew(hall: Hall) -> None:
    plan = hall.propose(ROLL_OVER)
    withdraw(plan.pk, actor=hall.ines, at=hall.authority.at)
    with pytest.raises(NotApproved, match="nobody proposed"):
        hall.hold(ROLL_OVER)
    assert hall.propose(ROLL_OVER).pk != plan.pk


def test_a_rolled_over_issuer_stands_beside_its_successor(hall: Hall) -> None:
    """PKI-3: new requests go to the new issuer; status of the old one goes on, also its OCSP signers."""
    old = hall.authority.certificate(carrier_id="card-old")
    waiting = hall.authority.request(carrier_id="card-waiting")
    plan = hall.all_of_it(ROLL_OVER)
    assert plan.state == PlanState.HELD.value
    new = hall.authority.certificate(carrier_id="card-new")
    assert (old.issuer_id, new.issuer_id) == ("person_hsa_id_3", "person_hsa_id_3_v2")
    carried_out = hall.authority.issue(waiting)
    assert carried_out is not None, "what was asked for before is not lost"
    assert carried_out.issuer_id == "person_hsa_id_3"
    successor = issuer("person_hsa_id_3_v2")
    assert crl_file(successor).exists()
    assert publish_crl(
        issuer("person_hsa_id_3"),
        signers=hall.authority.signers,
        actor=WORKER,
        at=hall.authority.later(hours=1),
    )
    chain = settings.SIGILL_PUBLIC / "chains" / "person_hsa_id_3_v2.pem"
    leaf = settings.SIGILL_HOME / "leaf.pem"
    leaf.write_text(certificate_pem(bytes(new.certificate_der)))
    verified = subprocess.run(
        [
            *("openssl", "verify", "-x509_strict", "-attime", str(int(hall.authority.at.timestamp()))),
            *("-CAfile", settings.SIGILL_PUBLIC / "root.pem", "-untrusted", chain, leaf),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_a_retired_issuer_takes_no_new_requests_by_any_door(hall: Hall) -> None:
    hall.all_of_it(
        'title = "E-services end"\n[[steps]]\nact = "retire_issuer"\nissuer = "person_hsa_id_3"\n'
        '[[steps]]\nact = "root_crl"\n'
    )
    with pytest.raises(ProfileRefused, match="no issuer issues"):
        hall.authority.request()
    assert issuer("person_hsa_id_3").retired_at is not None
    assert "person_hsa_id_3" in {one.key for one in issuers()}, "status goes on"


@pytest.mark.parametrize("act", ["retire_issuer", "revoke_issuer"])
def test_a_plan_says_which_level_of_assurance_nobody_issues_then(hall: Hall, act: str) -> None:
    """Another issuer of the same profile states other policies: requests at this level will be refused."""
    reason = 'reason = "cessationOfOperation"\n' if act == "revoke_issuer" else ""
    text = f'title = "Ends"\n[[steps]]\nact = "{act}"\nissuer = "person_hsa_id_3"\n{reason}'
    told = "\n".join(tell(plan_ceremony(read_script(text.encode()), at=hall.authority.at)))
    lost = "person_hsa_authentication (loa3_card), person_hsa_authentication (loa3_reserve)"
    assert f"then nobody issues {lost}" in told
    assert "loa2" not in told
    assert "then nobody issues" not in "\n".join(
        tell(plan_ceremony(read_script(ROLL_OVER.encode()), at=hall.authority.at))
    )


def test_a_renewed_issuer_keeps_its_key_and_old_certificates_verify_under_the_new_one(hall: Hall) -> None:
    before = issuer("person_id_3")
    hall.all_of_it(RENEW)
    after = issuer("person_id_3")
    old, new = (x509.load_der_x509_certificate(bytes(one.certificate_der)) for one in (before, after))
    assert old.public_key() == new.public_key()
    assert old.subject == new.subject
    assert old.serial_number != new.serial_number
    assert new.not_valid_before_utc > old.not_valid_before_utc
    assert (settings.SIGILL_PUBLIC / "aia" / f"{after.file_stem}.cer").read_bytes() == bytes(
        after.certificate_der
    )
    assert Entry.objects.filter(type="issuer.renewed").count() == 1


def test_the_audit_key_gets_a_new_certificate_and_its_heads_verify_as_before(hall: Hall) -> None:
    before = audit_key(settings.SIGILL_HOME)
    old = newest_of("audit")
    hall.all_of_it('title = "The audit certificate"\n[[steps]]\nact = "renew_audit"\n')
    new = newest_of("audit")
    assert old is not None
    assert new is not None
    assert new.not_after > old.not_after
    assert new.issuer_id == "function"
    assert audit_key(settings.SIGILL_HOME) == before
    assert (settings.SIGILL_HOME / "ceremony" / "audit.pem").read_text() == certificate_pem(
        bytes(new.certificate_der)
    )


def test_the_audit_key_is_vouched_for_again_when_its_issuer_fell(hall: Hall) -> None:
    """Whoever lost the issuer of the journal's certificate lost neither the journal nor its key."""
    before = audit_key(settings.SIGILL_HOME)
    hall.all_of_it('title = "Fall"\n[[steps]]\n' + REVOKED.replace("person_id_3", "function"))
    assert [one.is_right for one in ends(hall.authority.at)] == [False]
    fresh = FRESH.replace("person_id_3", "function") + 'common_name = "Sigill e-id Function CA v2"\n'
    hall.all_of_it(f'title = "Rise"\n[[steps]]\n{fresh}[[steps]]\nact = "renew_audit"\n')
    new = newest_of("audit")
    assert new is not None
    assert (new.issuer_id, new.revoked_at) == ("fresh", None)
    assert audit_key(settings.SIGILL_HOME) == before
    assert [one.is_right for one in ends(hall.authority.at)] == [True]


def test_a_revoked_issuer_takes_everything_with_it(hall: Hall) -> None:
    """Domain.md 2.8: cACompromise. Root CRL, ledger, everything it issued, and the login's trust."""
    certificate = hall.authority.certificate()
    waiting = hall.authority.request(carrier_id="card-late")
    shown = consequence_for(issuer("person_hsa_id_3"), at=hall.authority.at)
    plan = hall.all_of_it(REVOKE)
    assert plan.consequence[0]["live_certificates"] == shown.live_certificates == 1
    certificate.refresh_from_db()
    own = Certificate.objects.get(carrier_id="person_hsa_id_3", profile="issuer")
    for revoked in (certificate, own):
        assert revoked.revocation_reason == RevocationReason.CA_COMPROMISE.value
    root_crl = x509.load_der_x509_crl(crl_file(issuer("root")).read_bytes())
    entry = root_crl.get_revoked_certificate_by_serial_number(int(own.serial_hex, 16))
    assert entry is not None
    assert (
        entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
        is x509.ReasonFlags.ca_compromise
    )
    own_crl = x509.load_der_x509_crl(crl_file(issuer("person_hsa_id_3")).read_bytes())
    assert own_crl.get_revoked_certificate_by_serial_number(int(certificate.serial_hex, 16)) is not None
    assert {("root", own.serial_hex), ("person_hsa_id_3", certificate.serial_hex)} <= {
        one.name for one in revocation_ledger().entries()
    }
    assert b"Person HSA-id 3" not in b"".join(
        one.subject.public_bytes()
        for one in x509.load_pem_x509_certificates((settings.SIGILL_PUBLIC / "chain.pem").read_bytes())
    )
    assert hall.authority.issue(waiting) is None
    with pytest.raises(ProfileRefused):
        hall.authority.request(carrier_id="card-later")
    with pytest.raises(KeyRefused) as refused:
        hall.authority.request(public_key=bytes(issuer("person_hsa_id_3").public_key))
    assert refused.value.facts["weakness"] == "compromised"


def test_the_protocol_tells_who_and_what_with_every_fingerprint(hall: Hall) -> None:
    """Reliability A15."""
    plan = hall.all_of_it(ROLL_OVER)
    folder = settings.SIGILL_HOME / "ceremony" / "protocols"
    content = (folder / f"{plan.protocol_name}.json").read_bytes()
    assert hashlib.sha256(content).hexdigest() == plan.protocol_sha256
    protocol = json.loads(content)
    assert [one["name"] for one in protocol["approvals"]] == ["Åsa Lindqvist", "Erik Sund"]
    assert protocol["plan_sha256"] == plan.plan_sha256
    successor = issuer("person_hsa_id_3_v2")
    assert hashlib.sha256(bytes(successor.certificate_der)).hexdigest() in {
        one["sha256"] for one in protocol["certificates"]
    }
    assert {one["label"] for one in protocol["keys"]} == {"person_hsa_id_3_v2", "person_hsa_id_3_v2.ocsp.1"}
    assert all(one["attributes"]["CKA_NEVER_EXTRACTABLE"] for one in protocol["keys"])
    for record in protocol["published_files"]:
        digest = hashlib.sha256((settings.SIGILL_PUBLIC / record["name"]).read_bytes()).hexdigest()
        assert digest == record["sha256"]
    text = subprocess.run(
        ["pdftotext", "-layout", folder / f"{plan.protocol_name}.pdf", "-"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "Åsa Lindqvist" in text
    assert plan.plan_sha256[:4] in text
    held = Entry.objects.get(type="ceremony.script_held")
    assert plan.protocol_sha256 in held.content


def test_a_script_is_held_once(hall: Hall) -> None:
    hall.all_of_it(RENEW)
    count = Certificate.objects.count()
    with pytest.raises(CeremonyHeldBefore, match="this script was held"):
        hall.hold(RENEW)
    with pytest.raises(CeremonyHeldBefore):
        hall.propose(RENEW)
    assert Certificate.objects.count() == count


class Killed(BaseException):
    """The process ends here."""


KILLS = [
    (ROLL_OVER, steps, "write_addition"),
    (ROLL_OVER, steps, "certify"),
    (ROLL_OVER, running, "issue_request"),
    (ROLL_OVER, steps, "write_certificate"),
    (ROLL_OVER, running, "publish_crl"),
    (ROLL_OVER, steps, "publish_files"),
    (ROLL_OVER, steps, "retire_issuer"),
    (RENEW, steps, "certify"),
    (RENEW, steps, "write_certificate"),
    (RENEW, steps, "publish_files"),
    (REVOKE, issuer_revocation, "_revoke_row"),
    (REVOKE, issuer_revocation, "append_revocation"),
    (REVOKE, issuer_revocation, "new_crl"),
    (REVOKE, issuer_revocation, "_revoke_some"),
]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("place", KILLS, ids=lambda one: f"{one[2]}-{one[0].split()[2]}")
def test_a_ceremony_killed_around_any_step_goes_on_where_it_stopped(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, place: tuple[str, ModuleType, str], moment: str
) -> None:
    text, module, name = place
    hall.authority.certificate()
    hall.approve_twice(hall.propose(text))
    real = getattr(module, name)

    def deadly(*arguments: object, **named: object) -> object:
        if moment == "after":
            real(*arguments, **named)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(module, name, deadly)
        with pytest.raises(Killed):
            hall.hold(text)
    plan = hall.hold(text)
    assert plan.state == PlanState.HELD.value
    labels = Certificate.objects.filter(carrier_kind="none").values_list("carrier_id", flat=True)
    renewed = {"person_id_3"} if text == RENEW else set()
    assert {label for label in labels if list(labels).count(label) > 1} == renewed
    assert Entry.objects.filter(type="ceremony.script_held").count() == 1
    assert len(list((settings.SIGILL_HOME / "ceremony" / "protocols").glob("*.json"))) == 1
    if text == REVOKE:
        assert not Certificate.objects.filter(
            issuer_id="person_hsa_id_3", carrier_kind="card", revoked_at__isnull=True
        ).exists()
    if text == ROLL_OVER:
        assert hall.authority.certificate(carrier_id="new").issuer_id == "person_hsa_id_3_v2"


@pytest.mark.parametrize(
    ("steps_text", "said"),
    [
        ('act = "dance"', "there are add_issuer, "),
        ('act = "root_crl"\nissuer = "root"', "unknown key issuer"),
        ('act = "revoke_issuer"\nissuer = "root"\nreason = "cACompromise"', "trust stores"),
        ('act = "revoke_issuer"\nissuer = "person_id_3"\nreason = "superseded"', "reason must be one of"),
        ('act = "retire_issuer"\nissuer = "nobody"', "no issuer"),
        (
            'act = "add_issuer"\nissuer = "person_id_3"\nlike = "person_id_3"\ncommon_name = "X CA v9"',
            "already",
        ),
        (
            f'{FRESH}common_name = "Sigill e-id Person ID 3 CA v1"',
            "files would be named",
        ),
        (
            f'{REVOKED}[[steps]]\nact = "renew_issuer"\nissuer = "person_id_3"',
            "never certified again",
        ),
        (
            f'{FRESH}common_name = "X CA v1"\nissues = ["issuer", "ocsp_signer"]',
            "cannot issue issuer",
        ),
    ],
)
def test_a_script_that_cannot_be_held_says_why(hall: Hall, steps_text: str, said: str) -> None:
    with pytest.raises(ScriptRefused, match=said):
        plan_ceremony(read_script(f'title = "x"\n[[steps]]\n{steps_text}\n'.encode()), at=hall.authority.at)


def test_the_plan_table_holds_nothing_without_two_approvals() -> None:
    before_held = [state for (state, action), after in PLAN_TABLE.items() if after is PlanState.HELD]
    assert before_held == [PlanState.BEGUN]
    assert [s for (s, _), after in PLAN_TABLE.items() if after is PlanState.BEGUN] == [PlanState.APPROVED]
    assert [a for (_, a), after in PLAN_TABLE.items() if after is PlanState.APPROVED] == [
        PlanAction.APPROVE_SECOND
    ]
    assert not [s for s, _ in PLAN_TABLE if s in {PlanState.HELD, PlanState.WITHDRAWN}]
