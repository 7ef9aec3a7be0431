"""Certificate policies and the levels of assurance they stand for."""

from ca.pki.policies import DEFAULT_POLICY_ARC, LONGEST_ARC, POLICIES, policy_of


def test_suffixes_are_those_of_the_domain() -> None:
    """PKI-4; domain.md 3.3."""
    assert {policy.suffix: (name, policy.level_of_assurance) for name, policy in POLICIES.items()} == {
        1: ("loa3_card", 3),
        2: ("loa3_reserve", 3),
        3: ("loa3_mobile", 3),
        4: ("loa2_reserve", 2),
        5: ("loa2_coordination_number", 2),
        6: ("loa2_passport", 2),
        10: ("function_server", None),
        11: ("function_client", None),
        12: ("function_email", None),
    }


def test_the_level_is_read_back_from_the_identifier() -> None:
    for policy in POLICIES.values():
        assert policy_of(f"1.2.3.{policy.suffix}", arc="1.2.3") is policy
    assert policy_of("1.2.3.7", arc="1.2.3") is None
    assert policy_of("1.2.752.74.8.512", arc="1.2.3") is None


def test_the_default_arc_is_readable_by_everyone() -> None:
    """RFC 5280 appendix B: arcs below 2^28."""
    assert all(int(arc) <= LONGEST_ARC for arc in DEFAULT_POLICY_ARC.split("."))
