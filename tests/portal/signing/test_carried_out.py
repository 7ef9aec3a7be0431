"""Acts of other pages, signed by a card from the form to the end: what is done is what was signed, once."""

from datetime import UTC, datetime

import pytest

from directory.models import Role, RoleAssignment
from directory.selectors import roles_of
from functioncerts.acme.models import ExternalAccountKey
from functioncerts.lifecycle import register_function_object
from functioncerts.models import FunctionKind
from functioncerts.validations import validate_names
from journal.actor import Actor
from journal.models import Entry
from journal.selectors import content_of
from portal.accounts.models import SignedAct
from tests.portal.accounts.conftest import Cast, employ
from tests.portal.signing.conftest import Signer


def working_as(desk: Signer, cast: Cast, role: Role) -> Signer:
    """Log Alva in anew, in another role than the one she has in the cast."""
    desk.browser.post("/logout/")
    RoleAssignment.objects.filter(pk=cast.assignment.pk).update(role=role.value)
    assert desk.log_in() == "/"
    return desk


def test_a_role_is_given_by_a_signature(desk: Signer, cast: Cast) -> None:
    """GOV-1, AUT-4: the second pass decides anew, and the journal's entry names the evidence."""
    manager = working_as(desk, cast, Role.ISSUANCE_MANAGER)
    work = employ(cast.doris, cast.norr, "D002")
    asked = manager.browser.post(
        "/roles/give/",
        {
            "hsa_id": work.hsa_id, "role": Role.REVOCATION_OFFICER.value, "organization": str(cast.norr.pk),
            "valid_from": "", "valid_to": "", "trained_on": datetime.now(UTC).date().isoformat(),
            "reason": "börjar", "confirmed": "yes",
        },
    )  # fmt: skip
    assert asked.status_code == 303, asked.content
    status, back = manager.card_signs(asked.headers["Location"])
    assert status == 200
    assert manager.browser.get(back).headers["Location"] == "/roles/"
    assert {one.role for one in roles_of(work.hsa_id, at=datetime.now(UTC))} == {"revocation_officer"}
    evidence_id = SignedAct.objects.get(spent_at__isnull=False).evidence_id
    given = Entry.objects.get(type="role.granted")
    assert content_of(given)["actor"]["evidence"] == evidence_id
    assert manager.browser.get(back).status_code == 200, "coming back again does nothing more"
    assert Entry.objects.filter(type="role.granted").count() == 1


@pytest.mark.usefixtures("_static_root")
def test_a_key_of_acme_is_made_by_a_signature_and_shown_once(desk: Signer, cast: Cast) -> None:
    """FC-2: the page that comes back from the card is the one that shows the key."""
    orderer, system, at = (
        working_as(desk, cast, Role.FUNCTION_CERT_ORDERER),
        Actor.system("test"),
        datetime.now(UTC),
    )
    server = register_function_object(
        hsa_id="SE2329999991-JOURNAL", kind=FunctionKind.SERVER, name="Journalen",
        organization=cast.norr, actor=system, at=at,
    )  # fmt: skip
    validate_names(hsa_id=server.hsa_id, names=("journal.norr.test",), actor=system, at=at)
    place = f"/functions/{server.pk}/acme/"
    asked = orderer.browser.post(place, {"act": "make"})
    assert asked.status_code == 303, asked.content
    assert not ExternalAccountKey.objects.exists()
    status, back = orderer.card_signs(asked.headers["Location"])
    assert status == 200
    shown = orderer.browser.get(back)
    assert shown.status_code == 200
    assert str(ExternalAccountKey.objects.get().pk) in shown.content.decode()
    assert SignedAct.objects.get().spent_at is not None
