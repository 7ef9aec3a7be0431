"""The path validator alone: an explicit policy, and a status for every certificate, are demanded."""

from datetime import UTC, datetime

import pytest

from authn.errors import CheckFailed
from authn.hints import FailureHint
from authn.path import validate_path, validate_status
from authn.trust import LOA3, Trust, load_trust
from tests.authn.pki import ARC, Holder, Pki


@pytest.fixture
def trust(trusted: Pki) -> Trust:
    return load_trust()


@pytest.mark.parametrize("policies", [(), ("1.2.3",), (f"{ARC}.4",), (f"{ARC}.10",)])
def test_without_a_wanted_policy_there_is_no_path(pki: Pki, trust: Trust, policies: tuple[str, ...]) -> None:
    with pytest.raises(CheckFailed) as refused:
        validate_path(
            pki.holder(Holder(policies=policies)),
            anchors=trust.anchors,
            issuers=trust.issuers,
            policy_oids=trust.policy_oids_of((LOA3,)),
            at=datetime.now(UTC),
        )
    assert refused.value.hint is FailureHint.LOA_TOO_LOW


@pytest.mark.parametrize(("with_aia", "with_crl"), [(True, True), (False, True), (False, False)])
def test_silence_about_the_holder_or_the_issuer_is_not_consent(
    pki: Pki, trust: Trust, *, with_aia: bool, with_crl: bool
) -> None:
    """T10: soft-fail would accept all of these, hard-fail the one that names nothing."""
    der = pki.holder(Holder(with_aia=with_aia, with_crl=with_crl))
    root_crl, issuer_crl = pki.crl("root"), pki.crl("issuer")
    for crls in ([], [root_crl], [issuer_crl]):
        with pytest.raises(CheckFailed) as refused:
            check(der, trust, crls)
        assert refused.value.hint is FailureHint.REVOCATION_UNAVAILABLE
    check(der, trust, [root_crl, issuer_crl])


def check(der: bytes, trust: Trust, crls: list[bytes]) -> None:
    validate_status(
        der,
        anchors=trust.anchors,
        issuers=trust.issuers,
        policy_oids=trust.policy_oids_of((LOA3,)),
        ocsp_der=b"",
        crls_der=crls,
        at=datetime.now(UTC),
    )


def test_a_path_leads_from_the_issuer_to_the_anchor(pki: Pki, trust: Trust) -> None:
    path = validate_path(
        pki.holder(Holder()),
        anchors=trust.anchors,
        issuers=trust.issuers,
        policy_oids=trust.policy_oids_of((LOA3,)),
        at=datetime.now(UTC),
    )
    assert len(path) == 2
    assert path[1] == trust.anchors[0]
