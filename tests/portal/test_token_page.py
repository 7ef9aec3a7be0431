"""The page of API tokens: made for oneself by a signature, shown once, seen and ended by those who may."""

from dataclasses import replace

import pytest
from django.test import Client
from pytest_django import Settings

from directory.models import Employment, Role, RoleAssignment
from functioncerts.models import ApiToken
from functioncerts.receipts import VERSION
from journal.models import Entry
from tests.cast import actor_of
from tests.portal.conftest import LogIn
from tests.portal.test_authorization import a_token
from tests.scenarios import Scene

PLACE = "/functions/tokens/"
FORM = {"label": "certbot på journal01", "scopes": ["read", "order"], "days": "30", "receipt": "on"}


def ends(browser: Client, token: ApiToken) -> int:
    return browser.post(f"{PLACE}{token.pk}/end/").status_code


def test_a_token_is_shown_once_and_works_until_it_is_ended(scene: Scene, log_in: LogIn) -> None:
    bo = log_in(scene.cast.bo)
    page = bo.get(PLACE).content.decode()
    assert 'value="order" id="scope-order" checked' in page
    assert 'value="approve" id="scope-approve">' in page
    answer = bo.post(PLACE, FORM)
    made = ApiToken.objects.get()
    text = next(word for word in answer.content.decode().split('"') if word.startswith("sigill_"))
    assert "no-store" in answer["Cache-Control"]
    assert (made.scopes, made.label, made.receipt_version) == (["order", "read"], FORM["label"], VERSION)
    program = Client(headers={"Authorization": f"Bearer {text}"})
    assert program.get("/api/v1/function-objects/").status_code == 200
    again = bo.get(PLACE).content.decode()
    assert text not in again
    assert "certbot på journal01" in again
    made.refresh_from_db()
    assert made.last_used_at is not None
    assert ends(bo, made) == 302
    assert program.get("/api/v1/function-objects/").status_code == 401
    assert Entry.objects.filter(type__in={"api_token.created", "api_token.revoked"}).count() == 2
    assert "Upphörd" in bo.get(PLACE).content.decode()
    assert "/functions/tokens/" in bo.get("/functions/").content.decode()


@pytest.mark.parametrize("wrong", [{"label": ""}, {"scopes": []}, {"scopes": ["root"]}, {"days": "3650"}])
def test_a_form_that_is_not_whole_makes_nothing(
    scene: Scene, log_in: LogIn, wrong: dict[str, object]
) -> None:
    answer = log_in(scene.cast.bo).post(PLACE, {**FORM, **wrong})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_a_manager_sees_and_ends_all_and_doris_of_another_organization_none(
    scene: Scene, log_in: LogIn
) -> None:
    token = a_token(scene)
    RoleAssignment.objects.filter(employment__hsa_id=scene.cast.doris.identifier).update(
        role=Role.ISSUANCE_MANAGER.value
    )
    doris = log_in(replace(scene.cast.doris, role=Role.ISSUANCE_MANAGER.value))
    said = doris.get(PLACE).content.decode()
    assert "API-nyckeln Norr" not in said
    assert "Inga API-nycklar" in said
    assert ends(doris, token) == 404
    manager = log_in(actor_of(scene.cast.asa, Role.ISSUANCE_MANAGER))
    assert "Driften" in manager.get(PLACE).content.decode()
    assert ends(log_in(scene.cast.cia), token) == 403
    assert ends(manager, token) == 302
    work = Employment.objects.get(hsa_id=scene.cast.bo.identifier)
    RoleAssignment.objects.filter(employment=work).delete()
    gone = a_token_of_a_lost_role(token)
    assert "Rollen är borta" in manager.get(PLACE).content.decode()
    assert gone.revoked_at is None


def a_token_of_a_lost_role(token: ApiToken) -> ApiToken:
    token.pk, token.token_sha256, token.revoked_at = None, "0" * 64, None
    token.save(force_insert=True)
    return token


def test_making_one_is_signed_over_what_the_program_may_do(
    scene: Scene, log_in: LogIn, settings: Settings
) -> None:
    """AUT-4: making one is an act of authority; ending one is not held up by a card."""
    settings.SIGILL_STEP_UP = True
    token = a_token(scene)
    bo = log_in(scene.cast.bo)
    answer = bo.post(PLACE, {**FORM, "scopes": ["approve", "read"]})
    assert answer.status_code == 303
    kept = bo.session["acts"][answer.headers["Location"].split("/")[2]]
    assert "godkänna eller avslå" in kept["text"]
    assert "certbot på journal01" in kept["text"]
    assert '"scopes":"read,approve"' in kept["content"]
    assert list(ApiToken.objects.all()) == [token]
    assert ends(bo, token) == 302
