"""The address in every certificate leads to the statement of how it was issued, open to everybody."""

from urllib.parse import urlsplit

import pytest
from django.conf import settings as running
from django.test import Client
from pytest_django import Settings

from ca.environments import Environment
from ca.models import Issuer
from ca.policy_files import policy_files
from portal.pages.public.cps import PURPOSES, cps_page
from tests.authority import the_authority

pytestmark = pytest.mark.django_db


def read(language: str) -> str:
    address = urlsplit(policy_files().addresses.cps)
    browser = Client()
    browser.cookies[running.LANGUAGE_COOKIE_NAME] = language
    answer = browser.get(address.path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_address_in_the_certificates_is_a_page_for_everybody_in_both_languages() -> None:
    swedish, english = read("sv"), read("en")
    assert "Utfärdardeklaration" in swedish
    assert "certifierad modul" in swedish
    assert "Certification practice statement" in english
    assert "not a certified module" in english


def test_the_figures_are_those_of_the_running_configuration() -> None:
    files, text = policy_files(), read("en")
    for plan in files.hierarchy.issuers:
        assert files.name_prefix + plan.common_name in text
    for name in {name for plan in files.hierarchy.issuers for name in plan.issues}:
        profile = files.profile(name)
        assert f"{profile.default_validity.days} days" in text
        assert f"{profile.max_validity.days} days" in text
        assert name in text
        assert name in PURPOSES


def test_the_policies_stand_with_their_identifiers_and_the_level_that_each_means() -> None:
    """PKI-4: the level of assurance is read from the policy, and this is where the map stands."""
    page = cps_page(policy_files())
    levels = {line.name: line.level for line in page.policies}
    assert {name for name, level in levels.items() if level == 3} == {
        "loa3_card",
        "loa3_reserve",
        "loa3_mobile",
    }
    assert {name for name, level in levels.items() if level == 2} == {
        "loa2_reserve",
        "loa2_coordination_number",
        "loa2_passport",
    }
    assert {name for name, level in levels.items() if level is None} == {
        "function_server",
        "function_client",
        "function_email",
    }
    text = read("en")
    for line in page.policies:
        assert line.object_identifier in text


def test_qas_issuers_are_named_where_qa_stands_beside_prod() -> None:
    """QA-3."""
    assert "QA stands beside PROD" not in read("en")
    the_authority(Environment.QA)
    Issuer.objects.filter(key="qa_root").update(common_name="TEST Sigill e-id Root CA v1")
    assert "TEST Sigill e-id Root CA v1" in read("en")


def test_another_configuration_is_another_statement(settings: Settings) -> None:
    settings.SIGILL_HIERARCHY = "rsa"
    settings.SIGILL_POLICY_ARC = "1.3.6.1.4.1.32473.999"
    settings.SIGILL_ENVIRONMENT = "PROD"
    settings.SIGILL_PKCS11_MODULE = "/opt/module/libpkcs11.so"
    page = cps_page(policy_files())
    assert (page.is_test, page.is_software_module) == (False, False)
    assert page.issuers[0].key.startswith("rsa-")
    assert page.policies[0].object_identifier == "1.3.6.1.4.1.32473.999.1"
    text = read("en")
    assert "SoftHSM" not in text
    assert "test environment" not in text
