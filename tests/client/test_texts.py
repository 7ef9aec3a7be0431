"""Every sentence is there in both languages, and every failure has one."""

import string

import pytest

from client.activation import Step
from client.errors import ClientError, ServerRefused, WrongPin
from client.hardware import PinState
from client.texts import _TEXTS, Language, all_keys, failure_text, text


def _fields(sentence: str) -> set[str | None]:
    return {field for _, field, _, _ in string.Formatter().parse(sentence) if field}


@pytest.mark.parametrize("key", sorted(all_keys()))
def test_both_languages_say_it_with_the_same_facts(key: str) -> None:
    swedish, english = _TEXTS[key]
    assert swedish.strip()
    assert english.strip()
    assert _fields(swedish) == _fields(english)


@pytest.mark.parametrize("kind", ClientError.__subclasses__())
@pytest.mark.parametrize("language", list(Language))
def test_every_failure_has_a_sentence(kind: type[ClientError], language: Language) -> None:
    assert failure_text(kind(), language)


def test_steps_and_card_states_have_words() -> None:
    for key in [f"step.{step.value}" for step in Step] + [f"pin.{state.value}" for state in PinState]:
        assert text(key, Language.ENGLISH, tries_left="2")


def test_the_last_try_and_the_services_reason_are_said_exactly() -> None:
    assert "sedan låses" in failure_text(WrongPin(tries_left="1"), Language.SWEDISH)
    assert "spärrat" in failure_text(ServerRefused(error_code="certificateRevoked"), Language.SWEDISH)
    assert "(somethingNew)" in failure_text(ServerRefused(error_code="somethingNew"), Language.SWEDISH)
