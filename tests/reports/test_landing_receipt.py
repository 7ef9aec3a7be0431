"""The statement of when a block was seen says whose card it is, and all of it in words."""

import re
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.utils import translation

from ca.models import Certificate, Issuer
from ca.pki.reasons import RevocationReason
from ca.selectors import certificates_on_carrier
from cards.card_keys import KeyName
from cards.card_number import grouped
from cards.lifecycle import block_card
from cards.reasons import BlockReason
from journal.proofs import ReceiptProof
from ocsp.states import Source
from reports.landing_receipt import environment_of, moment, span, write_receipt
from reports.landing_words import LANDING_WORDS
from tests.scenarios import Scene, a_scene, an_active_card


@pytest.fixture
def scene(db: None) -> Scene:
    return a_scene()


@pytest.mark.parametrize(("environment", "said"), [("QA", "QA"), ("PROD", settings.SIGILL_ENVIRONMENT)])
def test_the_receipt_of_a_test_card_never_says_that_it_is_prods(environment: str, said: str) -> None:
    """QA-1: QA stands beside PROD in one installation."""
    issuer = Issuer(key="any", environment=environment)
    assert environment_of([Certificate(issuer=issuer)]) == said


AT = datetime(2026, 11, 22, 23, 4, 5, tzinfo=UTC)


def test_days_and_spans_are_told_as_people_here_tell_them() -> None:
    swedish, english = LANDING_WORDS["sv"], LANDING_WORDS["en"]
    assert moment(AT, swedish) == "23 november 2026 kl. 00:04:05"
    assert moment(AT.replace(month=5), english) == "23 May 2026 at 01:04:05"
    assert moment(None, swedish) == ""
    for length, told in ((1.94, "1,9 s"), (-0.3, "0,0 s"), (119.0, "119,0 s"), (600.0, "10 min")):
        assert span(timedelta(seconds=length), swedish) == told
    assert span(timedelta(seconds=1.94), english) == "1.9 s"


@pytest.mark.parametrize("language", ["sv", "en"])
def test_every_reason_source_and_key_has_its_words(language: str) -> None:
    words = LANDING_WORDS[language]
    assert set(words.reasons) == set(RevocationReason)
    assert {Source.OCSP.value, Source.DELTA_CRL.value, Source.FULL_CRL.value} <= set(words.sources)
    assert {key.value for key in KeyName} <= set(words.keys)
    assert len(words.months) == 12
    assert not [text for text in words.reasons.values() if re.search("[a-z][A-Z]", text)]


def test_the_statement_and_the_receipt_of_a_block_have_names_of_their_own() -> None:
    with translation.override("sv"):
        assert LANDING_WORDS["sv"].title != translation.gettext("Receipt of the block")
    assert LANDING_WORDS["en"].title != "Receipt of the block"


def test_the_statement_tells_number_reason_and_moments_in_words(scene: Scene) -> None:
    card = an_active_card(scene)
    block_card(
        card_id=str(card.pk), reason=BlockReason.LOST_OR_STOLEN, requested_at=scene.at, note="",
        actor=scene.cast.alva, at=scene.at,
    )  # fmt: skip
    certificates = [one for one in certificates_on_carrier("card", str(card.pk)) if one.revoked_at]
    assert certificates
    proof = ReceiptProof(
        origin="a.test/journal", size=1, root_hash="00", positions=(0,), leaf_hashes=("00",), bundle="{}"
    )
    pdf = write_receipt(
        card_number=card.card_number or "", certificates=certificates, proof=proof, language="sv", made_at=AT
    )
    told = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True).stdout
    text = " ".join(told.decode().split())
    assert grouped(card.card_number or "") in text
    assert "nyckeln kan vara känd av andra" in text
    assert "keyCompromise" not in text
    assert "23 november 2026 kl. 00:04:05" in text
