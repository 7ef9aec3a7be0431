"""What the house seals and stamps with has a key of a year, and the next one in time (REP)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import tsp
from django.conf import LazySettings

from ca.ceremony.plan import planned_keys
from ca.environments import Environment
from ca.hsm.faults import KeyAbsent
from ca.models import Certificate, CertificateRequest
from ca.pki.reasons import RevocationReason
from ca.pki.time_stamp_file import FILE, TimeStampSigner
from ca.policy_files import policy_files
from ca.revocation import revoke
from ca.service_signers import SEAL, STAMP, NoServiceSigner, current, newest
from ca.time_stamping import tell_status_services, time_stamp
from journal.actor import Actor
from journal.models import Entry
from tests.authority import Authority
from tests.ca.house_keys import HouseKeys, house_keys
from tests.ca.pki.software_signer import SoftwareSigner
from tests.ca.pki.test_time_stamp import asked, content_of

pytestmark = pytest.mark.django_db(transaction=True)

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
YEAR = timedelta(days=366)


@dataclass
class Forgetful(HouseKeys):
    """A token that makes keys and does not find those whose label begins so."""

    forgets: tuple[str, ...] = ("",)

    def signer_for(self, key_label: str) -> SoftwareSigner:
        if key_label in self.keys and key_label.startswith(self.forgets):
            raise KeyAbsent(f"no key {key_label}")
        return super().signer_for(key_label)


def test_before_a_ceremony_there_is_nothing_to_renew() -> None:
    keys = HouseKeys(issuers=Authority())
    assert keys.renew(at=AT) == 0
    assert keys.keys == {}
    with pytest.raises(NoServiceSigner):
        current(SEAL, at=AT)


def test_the_ceremony_makes_the_first_keys() -> None:
    labels = [one.label for one in planned_keys(policy_files(Environment.PROD))]
    assert {"report_seal", "order_file", "time_stamp.1"} <= set(labels)
    assert not any("time_stamp" in one.label for one in planned_keys(policy_files(Environment.QA)))


def test_an_installation_from_before_gets_its_key_from_the_worker() -> None:
    keys = house_keys(at=AT)
    assert set(keys.keys) == {"report_seal.1", "order_file.1", "time_stamp.1"}
    assert keys.renew(at=AT + timedelta(minutes=1)) == 0
    assert Entry.objects.filter(type="service_signer.renewed").count() == 3


def test_a_key_is_used_for_a_year_and_its_certificate_outlasts_it() -> None:
    """A time-stamp can be checked as long as the certificate of its key is valid."""
    keys = house_keys(at=AT)
    first = current(STAMP, at=AT)
    assert keys.renew(at=AT + timedelta(days=364)) == 0
    assert keys.renew(at=AT + YEAR) == 3
    second = current(STAMP, at=AT + YEAR)
    assert (first.carrier_id, second.carrier_id) == ("time_stamp.1", "time_stamp.2")
    assert first.not_after - (AT + YEAR) > 3 * YEAR
    assert current(SEAL, at=AT + YEAR).carrier_id == "report_seal.2"


def test_the_ceremonys_own_label_counts_as_the_first() -> None:
    keys = house_keys(at=AT)
    Certificate.objects.filter(profile="report_seal").update(carrier_id="report_seal")
    keys.renew(at=AT + YEAR)
    assert current(SEAL, at=AT + YEAR).carrier_id == "report_seal.2"


def test_a_revoked_key_is_replaced_at_once() -> None:
    keys = house_keys(at=AT)
    revoke(
        certificate_id=current(STAMP, at=AT).pk,
        reason=RevocationReason.SUPERSEDED,
        requested_at=AT + timedelta(hours=1),
        actor=Actor.system("test"),
        at=AT + timedelta(hours=1),
    )
    later = AT + timedelta(hours=2)
    with pytest.raises(NoServiceSigner):
        current(STAMP, at=later)
    assert keys.renew(at=later) == 1
    assert current(STAMP, at=later).carrier_id == "time_stamp.2"


def test_a_try_that_failed_is_made_again_an_hour_later() -> None:
    """A key that was away for a moment, and no flood of requests while the fault lasts."""
    keys = Forgetful()
    for minutes in (0, 10, 59):
        with pytest.raises(NoServiceSigner, match="could be made"):
            keys.renew(at=AT + timedelta(minutes=minutes))
    assert CertificateRequest.objects.filter(carrier_id="report_seal.1").count() == 1
    for hours in (1, 2):
        with pytest.raises(NoServiceSigner, match="could be made"):
            keys.renew(at=AT + timedelta(hours=hours))
    assert CertificateRequest.objects.filter(carrier_id="report_seal.1").count() == 3
    keys.forgets = ()
    assert keys.renew(at=AT + timedelta(hours=3)) == 3
    assert current(SEAL, at=AT + timedelta(hours=4)).carrier_id == "report_seal.1"


def test_a_service_that_gets_no_certificate_keeps_no_other_from_its_own() -> None:
    keys = Forgetful(forgets=("report_seal",))
    with pytest.raises(NoServiceSigner, match=r"report_seal\.1"):
        keys.renew(at=AT)
    keys.issuers.publish(at=AT)
    assert current(STAMP, at=AT).carrier_id == "time_stamp.1"
    with pytest.raises(NoServiceSigner):
        current(SEAL, at=AT)


def test_nobody_signs_with_a_key_whose_status_nobody_tells() -> None:
    keys = HouseKeys()
    assert newest(STAMP, at=AT, is_published=False) is None
    keys.renew(at=AT)
    Certificate.objects.update(published_at=None)
    with pytest.raises(NoServiceSigner):
        time_stamp(asked(), signers=keys, at=AT)


def test_time_is_stamped_with_the_key_on_the_token() -> None:
    keys = house_keys(at=AT)
    response = time_stamp(asked(), signers=keys, at=AT + timedelta(seconds=9, microseconds=5))
    assert content_of(response)["gen_time"].native == AT + timedelta(seconds=9)
    signed = tsp.TimeStampResp.load(response)["time_stamp_token"]["content"]
    subjects = {one.chosen.subject.native["common_name"] for one in signed["certificates"]}
    assert any(name.endswith("time-stamp") for name in subjects)


def test_the_status_services_are_told_which_key_stamps(settings: LazySettings, tmp_path: Path) -> None:
    settings.SIGILL_PUBLIC = tmp_path
    keys = house_keys(at=AT)
    assert tell_status_services(at=AT)
    assert not tell_status_services(at=AT)
    told = TimeStampSigner.read(settings.SIGILL_PUBLIC / FILE)
    assert told.label == "time_stamp.1"
    assert told.public_key == keys.keys["time_stamp.1"].public_key
    keys.renew(at=AT + YEAR)
    assert tell_status_services(at=AT + YEAR)
    assert TimeStampSigner.read(settings.SIGILL_PUBLIC / FILE).label == "time_stamp.2"


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"label": 1}'])
def test_a_file_that_says_nothing_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "signer.json"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r".*"):
        TimeStampSigner.read(file)
