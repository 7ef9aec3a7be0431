"""No cell of a table is ever computed by the spreadsheet that opens it (OWASP, CSV injection)."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.cells import inert

COMPUTED = ["=1+1", "+46", "-2", "@SUM(A1)", '=HYPERLINK("x")', "\N{MINUS SIGN}1"]
UNSEEN = [
    " ",
    "   ",
    "\t",
    "\n",
    "\r\n",
    "\v",
    "\x00",
    "\u00a0",
    "\u2003",
    "\u3000",
    "\u200b",
    "\u202e",
    "\ufeff",
]


@pytest.mark.parametrize("cell", COMPUTED)
@pytest.mark.parametrize("before", ["", *UNSEEN])
def test_a_cell_that_a_spreadsheet_would_compute_is_made_inert(before: str, cell: str) -> None:
    assert inert(before + cell) == f"'{before}{cell}"


@pytest.mark.parametrize(
    "cell", ["\uff1d1+1", "\uff0b46", "\uff0d2", "\uff20SUM(A1)", "\ufe62", "\ufe63", "\u3000\uff1d1"]
)
def test_a_sign_of_another_width_is_the_sign(cell: str) -> None:
    assert inert(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["\ta", "\ra", "\na"])
def test_a_cell_that_begins_with_a_break_is_made_inert(cell: str) -> None:
    assert inert(cell) == f"'{cell}"


@pytest.mark.parametrize(
    "cell", ["", " ", "Åsa", " Åsa", "1=1", "a@b.se", "19850412-9803", "å;ä\n=1", "(+46) 8"]
)
def test_what_is_no_formula_stays_as_it_is(cell: str) -> None:
    assert inert(cell) == cell


@given(st.text())
def test_whatever_stands_in_a_cell_it_begins_with_no_sign_or_with_an_apostrophe(cell: str) -> None:
    shown = inert(cell)
    assert shown in {cell, f"'{cell}"}
    seen = unicodedata.normalize("NFKC", shown).lstrip().lstrip("\x00\u200b\ufeff")
    assert not seen.startswith(("=", "+", "-", "@"))
