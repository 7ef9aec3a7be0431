"""The receipt of a card's revocations says whose card it is."""

import pytest
from django.conf import settings

from ca.models import Certificate, Issuer
from reports.landing_receipt import environment_of


@pytest.mark.parametrize(("environment", "said"), [("QA", "QA"), ("PROD", settings.SIGILL_ENVIRONMENT)])
def test_the_receipt_of_a_test_card_never_says_that_it_is_prods(environment: str, said: str) -> None:
    """QA-1: QA stands beside PROD in one installation."""
    issuer = Issuer(key="any", environment=environment)
    assert environment_of([Certificate(issuer=issuer)]) == said
