"""Reports say words, not our codes, in both languages; the same on every database."""

from collections.abc import Collection
from datetime import timedelta

import pytest

from ca.pki.profile import load_profiles
from cards.models import IdentityCheckOutcome
from cards.products import DocumentKind, IdentityCheckMethod, catalogue
from cards.reasons import BlockReason
from directory.models import Role, RoleSource
from directory.role_basis_selectors import RoleGround
from reports.catalogue import CATALOGUE, states_of
from reports.cells import inert
from reports.columns import Cell
from reports.queries import answer_to, stream, teller
from reports.question import Question
from reports.tables import first_rows
from reports.words import VOCABULARIES, vocabulary
from tests.ca.pki.world import CA
from tests.scenarios import Scene, a_blocked_card, a_scene

_OURS = {
    "root",
    "issuer",
    "ocsp_signer",
    "audit_signer",
    "report_seal",
    "order_file_signer",
    "time_stamp_signer",
}
CODES: dict[str, Collection[str]] = {
    "State": {state for kind in CATALOGUE.values() for state in states_of(kind)},
    "Profile": set(load_profiles(CA / "profiles")) - _OURS,
    "Role": set(Role),
    "Source": set(RoleSource),
    "Reason": set(BlockReason),
    "Document": set(DocumentKind),
    "Method": set(IdentityCheckMethod),
    "Outcome": set(IdentityCheckOutcome),
    "Carrier": {"card", "mobile", "function"},
    "Outdated": set(RoleGround),
    "Granted by": {"directory.bootstrap_roles", "directory.sync_roles"},
}


@pytest.mark.parametrize("column", CODES)
def test_every_code_has_its_words_and_no_word_is_left_over(column: str) -> None:
    assert set(VOCABULARIES[column]) == set(CODES[column])


def test_every_column_of_codes_has_words_or_needs_none() -> None:
    plain = {"Card number", "Serial number", "Card or serial number", "Environment"}
    columns = {one.english for kind in CATALOGUE.values() for one in kind.fields if one.cell is Cell.CODE}
    assert columns - plain == {*VOCABULARIES, "Product", "Issuer"}


@pytest.mark.parametrize("language", [0, 1])
def test_no_word_is_computed_by_a_spreadsheet(language: int) -> None:
    told = [word for column in VOCABULARIES for word in vocabulary(column, language).values()]
    assert all(word and inert(word) == word for word in told)


@pytest.mark.django_db
def test_a_blocked_card_is_told_in_words() -> None:
    """Product and reason are named, in the language of the page; the codes stay for programs."""
    scene: Scene = a_scene()
    card = a_blocked_card(scene)
    at = scene.at + timedelta(minutes=1)
    product = catalogue().products[card.product_code]
    asked = Question(code="S1", as_of=at, may_see_protected=True)
    for language, name, state in ((0, product.name_sv, "Spärrat"), (1, product.name_en, "Blocked")):
        (row,) = first_rows(asked, 9, language=language)
        assert row[1:3] == (f"{product.code} {name}", state)
    (codes,) = map(teller(asked, language=None), stream(answer_to(asked)))
    assert codes[1:3] == (product.code, "SPÄRRAT")
    (event,) = first_rows(Question(code="H3", as_of=at, may_see_protected=True), 9)
    assert event[2] == "Kort"
    assert event[3] in dict(VOCABULARIES["Reason"].values())
