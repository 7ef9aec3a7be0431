"""PROD and QA beside each other: two ceremonies, two hierarchies, and a database that lets nothing cross."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from django.db import IntegrityError, transaction
from pytest_django import Settings

from ca.ceremony.recorded import changed_settings
from ca.environments import Environment
from ca.errors import ProfileRefused
from ca.models import Certificate, CertificateRequest, Issuer
from ca.policy_files import files_of, policy_files
from ca.registration import request_certificate
from ca.selectors import chain_pem, issuers
from tests.authority import WORKER, Authority, the_authority
from tests.ca.conftest import ALVA, asa, new_public_key
from tests.ca.installation import Installation, hold_ceremony, new_installation

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def both(db: None) -> Authority:
    the_authority(Environment.QA)
    return the_authority()


def requested(environment: Environment, key: str) -> CertificateRequest:
    return request_certificate(
        profile="person_hsa_authentication",
        subject=asa(),
        public_key=new_public_key(),
        person_id="p",
        organization_id="o",
        carrier_kind="card",
        carrier_id="c",
        name="hsa_authentication",
        idempotency_key=key,
        environment=environment,
        actor=ALVA,
        at=NOW,
    )


def test_the_same_request_goes_to_the_issuer_of_its_environment(both: Authority) -> None:
    """QA-3: and the certificate carries the environment on."""
    wanted = {one: requested(one, one.value) for one in Environment}
    both.issue_and_publish(at=NOW)
    made = {one: Certificate.objects.get(request=wanted[one]) for one in Environment}
    assert made[Environment.PROD].issuer_id == "person_hsa_id_3"
    assert made[Environment.QA].issuer_id == "qa_person_hsa_id_3"
    assert {one.value for one in Environment} == {made[one].environment for one in Environment}
    qa = x509.load_der_x509_certificate(bytes(made[Environment.QA].certificate_der))
    points = qa.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert "/crl/testsigille" in str(points)


@pytest.mark.parametrize("environment", list(Environment))
def test_the_database_lets_no_request_use_the_others_issuer(
    both: Authority, environment: Environment
) -> None:
    """QA-3: a CHECK, whatever the code above it does."""
    other = "person_hsa_id_3" if environment is Environment.QA else "qa_person_hsa_id_3"
    request = requested(environment, "x")
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        CertificateRequest.objects.filter(pk=request.pk).update(issuer_id=other)
    assert "request_goes_to_an_issuer_of_its_environment" in str(caught.value)


@pytest.mark.parametrize("environment", list(Environment))
def test_the_database_lets_no_certificate_change_its_environment(
    both: Authority, environment: Environment
) -> None:
    """QA-3."""
    request = requested(environment, "x")
    both.issue_and_publish(at=NOW)
    other = next(one for one in Environment if one is not environment)
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        Certificate.objects.filter(request=request).update(environment=other.value)
    assert "certificate_comes_from_an_issuer_of_its_environment" in str(caught.value)


@pytest.mark.parametrize("change", [{"environment": "QA"}, {"environment": "DEV"}])
def test_the_database_lets_no_issuer_change_its_environment(both: Authority, change: dict[str, str]) -> None:
    """QA-3."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        Issuer.objects.filter(key="function").update(**change)
    assert "issuer_key_is_of_its_environment" in str(caught.value)


def test_an_issuer_of_the_other_environment_cannot_be_named(both: Authority) -> None:
    """QA-3: also our own jobs name an issuer of the environment that they work in."""
    files = policy_files()
    with pytest.raises(ProfileRefused):
        request_certificate(
            profile="ocsp_signer",
            subject=files.hierarchy.subject_of("function", name_prefix=""),
            public_key=new_public_key(),
            person_id="",
            organization_id="",
            carrier_kind="none",
            carrier_id="x",
            name="ocsp_signer",
            idempotency_key="x",
            issuer="qa_function",
            actor=WORKER,
            at=NOW,
        )


def test_issuers_are_told_apart_and_chains_end_in_their_own_root(both: Authority) -> None:
    """QA-3."""
    assert {one.environment for one in issuers(Environment.QA)} == {"QA"}
    assert len(issuers()) == 2 * len(issuers(Environment.PROD)) == 14
    assert [one.key for one in issuers()][:1] == ["root"]
    for issuer in issuers(Environment.QA):
        assert files_of(issuer).environment is Environment.QA
        root = x509.load_pem_x509_certificates(chain_pem(issuer).encode())[-1]
        assert str(root.subject.rfc4514_string()).startswith("CN=TEST ")


def test_qa_states_prods_policies_unless_it_has_an_arc_of_its_own(settings: Settings, tmp_path: Path) -> None:
    """QA-3; domain.md 3.3: the test environment's profiles are PROD's but for names and addresses."""
    settings.SIGILL_HOME = tmp_path
    assert policy_files(Environment.QA).policy_arc == policy_files().policy_arc
    settings.SIGILL_QA_POLICY_ARC = "1.3.6.1.4.1.32473.999"
    assert policy_files(Environment.QA).policy_arc == "1.3.6.1.4.1.32473.999"
    assert policy_files().policy_arc == settings.SIGILL_POLICY_ARC
    file = tmp_path / "ceremony" / "qa" / "protocol.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"hierarchy": "p384", "policy_arc": "1.3.6.1.4.1.32473.752.8"}))
    (said,) = changed_settings()
    assert said.startswith("SIGILL_QA_POLICY_ARC is '1.3.6.1.4.1.32473.999', but the key ceremony recorded")


# --- the ceremonies, with real keys ------------------------------------------------------------------


@pytest.fixture(scope="module")
def qa_first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Hold QA's ceremony where PROD's has not been held."""
    with new_installation(tmp_path_factory.mktemp("qa") / "home") as installation:
        held = installation.manage("key_ceremony", "--environment", "qa")
        assert held.returncode == 0, held.stdout + held.stderr
        yield installation


def test_qas_ceremony_can_come_first_and_prods_follows(qa_first: Installation, tmp_path: Path) -> None:
    """QA-1, QA-3: own root, own keys, own OCSP signers, own files, none where PROD is trusted."""
    home = qa_first.home
    protocol = json.loads((home / "ceremony" / "qa" / "protocol.json").read_text())
    assert protocol["environment"] == "QA"
    assert protocol["name_prefix"] == "TEST "
    assert all(key["label"].startswith("qa_") for key in protocol["keys"])
    assert len([one for one in protocol["certificates"] if one["profile"] == "ocsp_signer"]) == 7
    assert not (home / "public" / "chain.pem").exists()
    assert (home / "public" / "qa" / "root.pem").exists()
    again = qa_first.copy_to(tmp_path / "home")
    hold_ceremony(again)
    prod = json.loads((again.home / "ceremony" / "protocol.json").read_text())
    public_keys = [{key["public_key_sha256"] for key in one["keys"]} for one in (protocol, prod)]
    assert not public_keys[0] & public_keys[1]
    assert "TEST" not in (again.home / "ceremony" / "protocol.json").read_text().replace('"TEST"', "")
    roots = [
        x509.load_pem_x509_certificate((again.home / "public" / name).read_bytes())
        for name in ("root.pem", "qa/root.pem")
    ]
    assert roots[0].subject != roots[1].subject
    linted = again.manage("lint_all", "--pkilint", "2")
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_qas_ceremony_is_held_once(qa_first: Installation) -> None:
    second = qa_first.manage("key_ceremony", "--environment", "qa")
    assert second.returncode == 1
    assert "the key ceremony has been held for QA" in second.stderr


# --- installations from before QA stood beside PROD ---------------------------------------------------


def test_an_installation_named_test_goes_on_under_its_names_and_takes_no_qa_beside_it(
    installation: Installation,
) -> None:
    """Its protocol knows no name prefix: the names follow from SIGILL_ENVIRONMENT, as they did then."""
    file = installation.home / "ceremony" / "protocol.json"
    old = json.loads(file.read_text())
    del old["name_prefix"]
    file.write_text(json.dumps(old))
    said = installation.python("from ca.policy_files import policy_files; print(policy_files().name_prefix)")
    assert said.stdout == "TEST \n", said.stderr


def test_another_name_prefix_than_the_recorded_one_is_refused(installation: Installation) -> None:
    installation.extra["SIGILL_NAME_PREFIX"] = "PROV "
    refused = installation.manage("doctor")
    assert refused.returncode == 1
    assert "SIGILL_NAME_PREFIX is 'PROV ', but the key ceremony recorded ''" in refused.stdout


def test_prods_names_may_not_be_those_of_qa(qa_first: Installation, tmp_path: Path) -> None:
    again = qa_first.copy_to(tmp_path / "home")
    again.extra["SIGILL_NAME_PREFIX"] = "TEST "
    refused = again.manage("key_ceremony")
    assert refused.returncode == 1
    assert "names and published files of PROD and QA are never the same" in refused.stderr
    assert "Traceback" not in refused.stderr
