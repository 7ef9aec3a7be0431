"""A list that is signed names its rows: all that fit, how many more, and the hash of all of them."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authn.evidence import MAX_NON_VISIBLE_OCTETS, MAX_VISIBLE_CHARACTERS
from directory.basis_models import BasisSubject
from portal.pages.basis import signing
from portal.signing.acts import Act, ActKind
from portal.signing.listing import facts_of, listed
from tests.portal.basis.specimens import preview

LEAD = "2 kort spärras."


def test_a_short_list_stands_there_in_full() -> None:
    rows = ["Kort 9752 2789, Åsa Lindqvist", "Kort 9752 2790, Bo Ek"]
    text = listed(LEAD, rows)
    assert text.split("\n")[2:4] == rows
    assert sha256("\n".join(rows).encode()).hexdigest() in text
    assert facts_of(rows)["rows"].split("\n") == rows


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=200), max_size=200))
def test_a_list_of_any_length_is_shown_as_a_card_client_agrees_to(rows: list[str]) -> None:
    text = listed(LEAD, rows)
    assert len(text) <= MAX_VISIBLE_CHARACTERS
    assert sha256(facts_of(rows)["rows"].encode()).hexdigest() in text


def test_the_longest_list_fits_into_what_is_signed_unseen() -> None:
    rows = ["å" * 200] * 200
    ids = ",".join(["0" * 36] * 200)
    act = Act(kind=ActKind.CARDS_BLOCK, text=listed(LEAD, rows), facts={"ids": ids, **facts_of(rows)})
    assert len(act.content().encode()) <= MAX_NON_VISIBLE_OCTETS


def test_a_row_that_differs_is_another_act_also_where_it_is_not_shown() -> None:
    rows = [f"Kort {number:019d}, Åsa Lindqvist" for number in range(200)]
    other = [*rows[:-1], rows[-1].replace("Åsa", "Bo")]
    assert rows[-1] not in listed(LEAD, rows)
    assert listed(LEAD, rows) != listed(LEAD, other)


@pytest.mark.parametrize("subject", [BasisSubject.CARD, BasisSubject.ROLE])
def test_a_basis_list_is_signed_by_names_and_numbers(subject: BasisSubject) -> None:
    """POR-11: also by the second person, who is shown the same rows."""
    rows = preview()["page"].rows  # type: ignore[attr-defined] # a page value
    act = signing.deciding(subject, rows, digest="x")
    for row in rows:
        assert f"{row.person}, {row.what}" in act.shown
        assert row.id in act.facts["ids"]
