"""An act is signed by the card of its doer, spent once, and done with its evidence or not at all."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.db.utils import IntegrityError
from pytest_django import Settings

from authn import selectors
from authn.evidence import Question, hashed, return_code, user_challenge_of
from directory.models import Organization
from journal.models import Entry
from journal.selectors import content_of, entries_about
from portal.accounts import people, sessions
from portal.accounts.models import EndReason, PortalSession, SignedAct
from portal.signing import spending, step_up
from portal.signing.acts import Act, ActKind
from portal.signing.errors import SignatureUnfit
from tests.authn import card_register
from tests.authn.conftest import ACTOR
from tests.authn.pki import CARD, Holder
from tests.portal.accounts.conftest import Cast
from tests.portal.signing.conftest import Signer

ANOTHER_SESSION = "00000000-0000-4000-8000-000000000000"


def locality(cast: Cast) -> str:
    return Organization.objects.get(pk=cast.norr.pk).locality


def test_an_act_waits_for_the_card_and_is_done_when_it_has_signed(desk: Signer, cast: Cast) -> None:
    """AUT-4: the page shows text and code, the card signs, the act is done and names its evidence."""
    address = desk.asked()
    assert locality(cast) == "Ort"
    page = desk.browser.get(address)
    assert "Kort 9752 till Åsa: Kiruna" in page.content.decode()
    assert desk.kept(address)["verification_code"] in page.content.decode()
    status, back = desk.card_signs(address)
    assert status == 200
    assert "fönstret" in desk.browser.get(f"{address}status/").content.decode()
    assert locality(cast) == "Ort", "polling alone does nothing"
    done = desk.browser.get(back)
    assert (done.status_code, done.headers["Location"]) == (302, "/done/")
    assert locality(cast) == "Kiruna"
    row = SignedAct.objects.get()
    assert row.spent_at is not None
    (told,) = Entry.objects.filter(type="session.login_refused")
    assert content_of(told)["actor"]["evidence"] == row.evidence_id
    assert [one.type for one in entries_about("evidence", row.evidence_id)][:2] == [
        "session.login_refused",
        "act.signed",
    ]


def test_the_evidence_is_over_the_text_and_the_facts(desk: Signer, cast: Cast) -> None:
    desk.browser.get(desk.card_signs(desk.asked())[1])
    row = SignedAct.objects.get()
    question = Question.from_json(selectors.evidence(row.evidence_id).question)
    assert question.purpose == "authForSign"
    assert question.visible_text == "Kort 9752 till Åsa: Kiruna"
    assert question.non_visible_hash == hashed(row.content.encode()) == row.facts_hash
    content = json.loads(row.content)
    assert content["act"] == "card.hand_out"
    assert content["facts"] == {"organization_id": str(cast.norr.pk), "name": "Region Norr"}


def test_a_signature_is_spent_once(desk: Signer, cast: Cast) -> None:
    _, back = desk.card_signs(desk.asked())
    desk.browser.get(back)
    Organization.objects.filter(pk=cast.norr.pk).update(locality="Ort")
    again = desk.browser.get(back)
    assert again.status_code == 200
    assert "underskrivet och gjort" in again.content.decode()
    assert locality(cast) == "Ort"
    assert Entry.objects.filter(type="act.signed").count() == 1


def test_spending_refuses_what_is_not_exactly_what_was_signed(desk: Signer, cast: Cast) -> None:
    """Each rule of `spend` by itself: used, other act, other text, too old, of the future, session over."""
    desk.browser.get(desk.card_signs(desk.asked())[1])
    used = SignedAct.objects.get()
    content = json.loads(used.content)
    act = Act(kind=ActKind.CARD_HAND_OUT, text=content["text"], facts=content["facts"])
    row = desk.row()
    actor = ACTOR.__class__(kind=ACTOR.kind, identifier="x", person_id=row.person_id, credential=str(row.pk))
    at = used.signed_at

    def rule(signed: SignedAct = used, wanted: Act = act, who: object = actor, when: datetime = at) -> str:
        with pytest.raises(SignatureUnfit) as refused, transaction.atomic():
            spending.spend(signed, wanted, actor=who, at=when)  # type: ignore[arg-type]
        return refused.value.facts["rule"]

    assert rule() == "used"
    assert rule(wanted=Act(kind=ActKind.ROLE_GIVE, text=act.text, facts=act.facts)) == "other_act"
    assert rule(wanted=Act(kind=act.kind, text=act.text + ".", facts=act.facts)) == "other_act"
    assert rule(wanted=Act(kind=act.kind, text=act.text, facts={})) == "other_act"
    assert rule(when=at + timedelta(minutes=5, seconds=1)) == "too_old"
    assert rule(when=at - timedelta(seconds=1)) == "too_old"
    assert rule(who=ACTOR) == "session_over"
    assert rule(who=replace(actor, credential=ANOTHER_SESSION)) == "session_over"
    sessions.end(row, EndReason.LOGGED_OUT, actor=ACTOR, at=datetime.now(UTC))
    assert rule() == "session_over"


def test_a_return_with_another_d_uses_nothing_up(desk: Signer, cast: Cast) -> None:
    """T5, T16: whoever guesses `d` in the person's browser does not take their signature from them."""
    _, back = desk.card_signs(desk.asked())
    place, _, query = back.partition("?d=")
    wrong = f"{place}?d={'A' * 43}&{query.partition('&')[2]}"
    assert desk.browser.get(wrong).status_code == 409
    assert locality(cast) == "Ort"
    assert desk.browser.get(back).headers["Location"] == "/done/"


def test_the_signer_is_looked_up_by_the_portal_itself_too(
    desk: Signer, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AUT-4: though authn has found that it is the person wanted."""
    _, back = desk.card_signs(desk.asked())
    monkeypatch.setattr(people, "person_behind", lambda _result: cast.doris)
    response = desk.browser.get(back)
    assert response.status_code == 409
    assert "Någon annans kort" in response.content.decode()
    assert not SignedAct.objects.exists()


def test_what_would_be_refused_anyway_is_refused_before_anybody_signs(desk: Signer, cast: Cast) -> None:
    Organization.objects.filter(pk=cast.norr.pk).update(kind="gone")
    response = desk.browser.post("/act/", {"what": "Kiruna"})
    assert response.status_code == 409
    assert locality(cast) == "Ort"
    assert not Entry.objects.filter(type="session.login_refused").exists()


def test_an_act_that_is_not_allowed_any_more_is_not_done_and_its_signature_is_void(
    desk: Signer, cast: Cast
) -> None:
    _, back = desk.card_signs(desk.asked())
    Organization.objects.filter(pk=cast.norr.pk).update(kind="gone")
    response = desk.browser.get(back)
    assert response.status_code == 409
    assert "inget har gjorts" in response.content.decode()
    assert locality(cast) == "Ort"
    row = SignedAct.objects.get()
    assert (row.spent_at, row.voided_at is not None) == (None, True)
    assert entries_about("evidence", row.evidence_id)[0].type == "act.signature_voided"
    assert desk.browser.get(back).status_code == 404, "and cannot be tried again"


def test_an_act_whose_facts_changed_meanwhile_is_not_done(desk: Signer, cast: Cast) -> None:
    _, back = desk.card_signs(desk.asked())
    Organization.objects.filter(pk=cast.norr.pk).update(name="Region Söder")
    response = desk.browser.get(back)
    assert response.status_code == 409
    assert locality(cast) == "Ort"
    assert SignedAct.objects.get().voided_at is not None


def test_another_persons_card_does_not_sign(desk: Signer, cast: Cast) -> None:
    """AUT-4, T16: the order is for the person who is logged in."""
    address = desk.asked()
    assert desk.card_signs(address, Holder(serial_number="198002029999")) == (400, "wrongSubject")
    page = desk.browser.get(address).content.decode()
    assert "Någon annans kort" in page
    assert desk.browser.get(f"{address}status/").headers["HX-Refresh"] == "true"
    assert locality(cast) == "Ort"


def test_another_card_of_the_same_person_does_not_sign(desk: Signer, cast: Cast) -> None:
    card_register.ACTIVE.add("9752278900000000024")
    address = desk.asked()
    status, back = desk.card_signs(address, Holder(card_number="9752278900000000024"))
    assert status == 200
    response = desk.browser.get(back)
    assert response.status_code == 409
    assert "Ett annat av dina kort" in response.content.decode()
    assert locality(cast) == "Ort"
    assert not SignedAct.objects.exists()


def test_who_cancels_or_is_too_late_has_done_nothing_and_may_ask_again(desk: Signer, cast: Cast) -> None:
    address = desk.asked()
    assert desk.browser.post(address, {"step": "cancel"}).headers["Location"] == "/act/"
    assert desk.browser.get(address).status_code == 404
    address = desk.asked()
    desk.robot.claim(desk.kept(address)["autostart_url"].rsplit("/", 1)[-1])
    desk.robot.abort("userCancel")
    page = desk.browser.get(address).content.decode()
    assert "inget har gjorts" in page
    first = desk.kept(address)["order_ref"]
    assert desk.browser.post(address, {"step": "again"}).headers["Location"] == address
    assert desk.kept(address)["order_ref"] != first
    _, back = desk.card_signs(address)
    assert desk.browser.get(back).headers["Location"] == "/done/"
    assert locality(cast) == "Kiruna"


def test_the_return_works_in_the_browser_that_asked_and_with_its_own_proofs_only(
    desk: Signer, cast: Cast
) -> None:
    """T4, T5: another browser, another d, another u."""
    address = desk.asked()
    _, back = desk.card_signs(address)
    other = Signer(desk.pki)
    assert other.log_in() == "/"
    assert other.browser.get(back).status_code == 404
    assert "inget har gjorts" in desk.browser.get(f"{address}return/?d=x&u=y").content.decode().lower()
    wrong_u = back[: back.index("u=")] + "u=" + "A" * 43
    assert desk.browser.get(wrong_u).status_code == 409
    assert locality(cast) == "Ort"


def test_a_session_that_ended_signs_nothing(desk: Signer, cast: Cast) -> None:
    """T15: the card was blocked after it signed: the session is over, and the page says why."""
    _, back = desk.card_signs(desk.asked())
    card_register.ACTIVE.discard(CARD)
    response = desk.browser.get(back)
    assert response.status_code == 303
    assert "ended=card_not_active" in response.headers["Location"]
    assert locality(cast) == "Ort"
    assert PortalSession.objects.filter(ended_at__isnull=True).count() == 0


def test_nobody_asks_for_a_signature_without_being_logged_in(desk: Signer) -> None:
    address = desk.asked()
    desk.browser.post("/logout/")
    for path in (address, f"{address}status/", f"{address}return/"):
        assert "/login/" in desk.browser.get(path).headers["Location"]


def test_without_step_up_the_act_is_done_at_once(desk: Signer, cast: Cast, settings: Settings) -> None:
    settings.SIGILL_STEP_UP = False
    assert desk.browser.post("/act/", {"what": "Kiruna"}).headers["Location"] == "/done/"
    assert locality(cast) == "Kiruna"


def test_a_signed_act_is_never_both_spent_and_void(desk: Signer) -> None:
    desk.browser.get(desk.card_signs(desk.asked())[1])
    with pytest.raises(IntegrityError), transaction.atomic():
        SignedAct.objects.update(voided_at=datetime.now(UTC))
    assert not spending.void(SignedAct.objects.get(), reason="x", actor=ACTOR, at=datetime.now(UTC))


def test_a_name_with_invisible_characters_does_not_keep_anybody_from_acting() -> None:
    """T14: what cannot be shown as it is never reaches a card."""
    act = Act(kind=ActKind.ROLE_GIVE, text="A\u030asa \u202e\u200bBerg\nTEST", facts={})
    assert act.shown == "Åsa Berg\nTEST"


def test_step_up_is_on_unless_an_operator_turns_it_off() -> None:
    import portal.settings  # noqa: PLC0415 - as an installation reads it, not as these tests do

    assert portal.settings.SIGILL_STEP_UP is True
    assert step_up.signature_of.__doc__


def test_who_logged_in_by_return_code_signs_by_one_and_nobody_else(
    desk: Signer, cast: Cast, settings: Settings
) -> None:
    """A client that cannot open the browser at login cannot at an act; nobody else may type."""
    settings.SIGILL_RETURN_CODE_ROLES = ("id_administrator",)
    address = desk.asked()
    assert 'name="code"' not in desk.browser.get(address).content.decode()
    desk.card_signs(address)
    refused = desk.browser.post(
        address, {"step": "code", "code": return_code(user_challenge_of(desk.robot.u))}
    )
    assert refused.status_code == 409
    PortalSession.objects.update(amr=["sc", "pin", "oob", "code"])
    assert 'name="code"' in desk.browser.get(address).content.decode()
    assert desk.browser.post(address, {"step": "code", "code": "1"}).status_code == 409
    assert locality(cast) == "Ort"
    code = return_code(user_challenge_of(desk.robot.u))
    assert desk.browser.post(address, {"step": "code", "code": code}).headers["Location"] == "/done/"
    assert locality(cast) == "Kiruna"
