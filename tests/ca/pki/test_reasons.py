"""Revocation reasons carry the RFC's numbers and names."""

from cryptography.x509 import ReasonFlags

from ca.pki.reasons import RevocationReason


def test_numbers_and_names_are_those_of_rfc_5280() -> None:
    """RFC 5280 §5.3.1; 7 is not used."""
    assert {reason.value: reason.rfc_name for reason in RevocationReason} == {
        0: "unspecified",
        1: "keyCompromise",
        2: "cACompromise",
        3: "affiliationChanged",
        4: "superseded",
        5: "cessationOfOperation",
        6: "certificateHold",
        8: "removeFromCRL",
        9: "privilegeWithdrawn",
        10: "aACompromise",
    }
    assert {reason.rfc_name for reason in RevocationReason} == {flag.value for flag in ReasonFlags}
