"""The right to a name: shown by DNS, HTTP, mail or paper, for an organization or an object, for a time."""

from dataclasses import replace
from datetime import timedelta

import pytest

from directory.models import Role
from functioncerts import lifecycle, validations
from functioncerts.errors import IllegalTransition, Refused, ValidationNotFound
from functioncerts.models import FunctionKind, NameValidation, ValidationMethod
from functioncerts.states import FunctionObjectState, NameValidationAction, NameValidationState
from functioncerts.validated import valid_names
from journal.actor import Actor
from tests.functioncerts.conftest import SERVER, SYSTEM, Stage, request_for


def specialist(stage: Stage) -> Actor:
    return replace(stage.cast.alva, role=Role.VALIDATION_SPECIALIST.value)


def asked(
    stage: Stage, method: ValidationMethod, name: str = "new.test", **more: object
) -> validations.Asked:
    return validations.ask_validation(
        organization=stage.cast.norr,
        name=name,
        method=method,
        actor=specialist(stage),
        at=stage.at,
        **more,
    )


def test_a_name_counts_when_its_proof_was_seen_and_not_before(stage: Stage) -> None:
    """FC-1: and only for the organization that showed it."""
    waiting = asked(stage, ValidationMethod.DNS_TXT).validation
    assert "new.test" not in valid_names(stage.server, at=stage.at)
    validations.confirm_validation(validation_id=str(waiting.pk), actor=SYSTEM, at=stage.at)
    assert "new.test" in valid_names(stage.server, at=stage.at)
    NameValidation.objects.filter(pk=waiting.pk).update(organization=stage.cast.syd)
    assert "new.test" not in valid_names(stage.server, at=stage.at)


def test_a_proof_runs_out_by_itself_and_then_nothing_is_ordered_on_it(stage: Stage) -> None:
    """FC-1."""
    end = NameValidation.objects.get(function_object=stage.server).valid_to
    assert end is not None
    assert valid_names(stage.server, at=end - timedelta(microseconds=1))
    assert valid_names(stage.server, at=end) == ()
    with pytest.raises(Refused) as caught:
        lifecycle.order_certificate(
            hsa_id=SERVER, csr=request_for(), names=["journal.regionnorr.test"], actor=stage.cast.bo, at=end
        )
    assert caught.value.refusal.code == "name_outside_validated"


def test_a_proof_for_one_object_does_not_count_for_another(stage: Stage) -> None:
    assert "journal.regionnorr.test" not in valid_names(stage.client, at=stage.at)


def test_the_first_proof_opens_the_objects_that_hsa_names_so(stage: Stage) -> None:
    """POR-10."""
    waiting = lifecycle.register_function_object(
        hsa_id="SE2321000016-NY",
        kind=FunctionKind.SERVER,
        name="Ny",
        organization=stage.cast.norr,
        actor=SYSTEM,
        at=stage.at,
    )
    waiting.hsa_names = ["a.new.test"]
    waiting.save(update_fields=["hsa_names"])
    proof = asked(stage, ValidationMethod.HTTP).validation
    validations.confirm_validation(validation_id=str(proof.pk), actor=SYSTEM, at=stage.at)
    waiting.refresh_from_db()
    assert waiting.state == FunctionObjectState.VALIDATED


def test_a_mailed_link_is_good_once_and_its_text_is_kept_nowhere(stage: Stage) -> None:
    """FC-1."""
    sent = asked(stage, ValidationMethod.MAIL, "akuten@new.test")
    assert sent.validation.sent_to == "akuten@new.test"
    assert sent.link_token not in str(NameValidation.objects.values())
    validations.confirm_by_link(link_token=sent.link_token, actor=SYSTEM, at=stage.at)
    with pytest.raises(IllegalTransition):
        validations.confirm_by_link(link_token=sent.link_token, actor=SYSTEM, at=stage.at)
    with pytest.raises(ValidationNotFound):
        validations.confirm_by_link(link_token=sent.validation.token, actor=SYSTEM, at=stage.at)


def test_the_link_for_a_domain_goes_to_a_mailbox_that_speaks_for_it(stage: Stage) -> None:
    asked(stage, ValidationMethod.MAIL, send_to="Hostmaster@new.test")
    with pytest.raises(Refused) as caught:
        asked(stage, ValidationMethod.MAIL, send_to="hostmaster@evil.test")
    assert caught.value.refusal.code == "address_not_allowed"


def test_a_proof_that_comes_too_late_is_none(stage: Stage) -> None:
    waiting = asked(stage, ValidationMethod.DNS_TXT).validation
    with pytest.raises(IllegalTransition):
        validations.confirm_validation(
            validation_id=str(waiting.pk), actor=SYSTEM, at=stage.at + validations.OPEN_FOR
        )


def paper(stage: Stage, method: ValidationMethod, **more: object) -> NameValidation:
    told = {"organization": stage.cast.norr, "name": "paper.test", "reference": "DNR 2026-17"}
    return validations.note_paper(**{**told, **more}, method=method, actor=specialist(stage), at=stage.at)


def test_a_paper_is_named_not_kept_and_ends(stage: Stage) -> None:
    """FC-1."""
    noted = paper(stage, ValidationMethod.DOCUMENT, sha256="AB" * 32)
    assert (noted.evidence_reference, noted.evidence_sha256) == ("DNR 2026-17", "ab" * 32)
    assert noted.valid_to == stage.at + validations.LIFETIMES[ValidationMethod.DOCUMENT]
    end = stage.at + timedelta(days=30)
    power = paper(stage, ValidationMethod.POWER_OF_ATTORNEY, name="other.test", valid_to=end)
    assert power.valid_to == end


@pytest.mark.parametrize(
    ("method", "more", "code"),
    [
        (ValidationMethod.DOCUMENT, {"reference": " "}, "paper_without_reference"),
        (ValidationMethod.POWER_OF_ATTORNEY, {}, "power_without_end"),
        (ValidationMethod.DNS_TXT, {}, "method_not_for_name"),
        (ValidationMethod.DOCUMENT, {"name": "*.test"}, "name_not_allowed"),
    ],
)
def test_a_paper_that_lacks_something_is_refused(
    stage: Stage, method: ValidationMethod, more: dict[str, object], code: str
) -> None:
    with pytest.raises(Refused) as caught:
        paper(stage, method, **more)
    assert caught.value.refusal.code == code


@pytest.mark.parametrize("days", [0, -1, 731])
def test_the_end_of_a_paper_lies_ahead_and_not_too_far(stage: Stage, days: int) -> None:
    with pytest.raises(Refused) as caught:
        paper(stage, ValidationMethod.DOCUMENT, valid_to=stage.at + timedelta(days=days))
    assert caught.value.refusal.code == "validation_end_not_allowed"


def test_a_mail_address_is_not_shown_by_dns(stage: Stage) -> None:
    with pytest.raises(Refused) as caught:
        asked(stage, ValidationMethod.DNS_TXT, "akuten@new.test")
    assert caught.value.refusal.code == "method_not_for_name"


@pytest.mark.parametrize("who", ["bo", "doris", "cia"])
def test_only_a_validation_specialist_validates(stage: Stage, who: str) -> None:
    """POR-10."""
    actor = getattr(stage.cast, who)
    waiting = asked(stage, ValidationMethod.DNS_TXT).validation
    for act in (
        lambda: validations.ask_validation(
            organization=stage.cast.norr,
            name="x.test",
            method=ValidationMethod.HTTP,
            actor=actor,
            at=stage.at,
        ),
        lambda: validations.end_validation(
            validation_id=str(waiting.pk), action=NameValidationAction.REJECT, actor=actor, at=stage.at
        ),
    ):
        with pytest.raises(Refused) as caught:
            act()
        assert caught.value.refusal.code == "role_missing"


def test_what_is_withdrawn_counts_no_longer_and_never_again(stage: Stage) -> None:
    known = NameValidation.objects.get(function_object=stage.server)
    ended = validations.end_validation(
        validation_id=str(known.pk),
        action=NameValidationAction.WITHDRAW,
        actor=specialist(stage),
        at=stage.at,
    )
    assert ended.state == NameValidationState.WITHDRAWN
    assert valid_names(stage.server, at=stage.at) == ()
    with pytest.raises(IllegalTransition):
        validations.confirm_validation(validation_id=str(known.pk), actor=SYSTEM, at=stage.at)


def test_an_object_of_another_organization_takes_no_proof(stage: Stage) -> None:
    with pytest.raises(Refused) as caught:
        validations.ask_validation(
            organization=stage.cast.syd,
            function_object=stage.server,
            name="x.test",
            method=ValidationMethod.HTTP,
            actor=specialist(stage),
            at=stage.at,
        )
    assert caught.value.refusal.code == "outside_scope"
