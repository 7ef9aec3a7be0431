"""The command line as a person and a script use it: sentences and exit statuses."""

import json
from pathlib import Path
from typing import Protocol

import pytest

from client.commands import main
from client.virtual_readers import VirtualReaders
from tests.client.conftest import PIN, CardInHand
from tests.client.fixture_service import FixtureService


class Run(Protocol):
    def __call__(self, *arguments: str) -> tuple[int, str, str]: ...


@pytest.fixture
def run(home: Path, service: FixtureService, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> tuple[int, str, str]:
        status = main(["--server", service.api, "--language", "sv", *arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


@pytest.fixture
def pin_file(tmp_path: Path) -> Path:
    path = tmp_path / "pin"
    path.write_text(f"{PIN}\n")
    return path


def test_a_card_is_activated_and_used_from_the_command_line(  # noqa: PLR0917 - fixtures
    run: Run,
    card: CardInHand,
    service: FixtureService,
    pin_file: Path,
    readers: VirtualReaders,
    tmp_path: Path,
) -> None:
    assert "på bordet\tÅsa Lindqvist" in run("cards")[1]
    url, _ = service.start_activation(card.number, card.admin_key)
    status, out, _ = run("activate", url, "--pin-file", str(pin_file))
    assert status == 0
    assert f"Kort {card.number} är aktivt." in out
    assert "i läsare 1\tÅsa Lindqvist\tRedo" in run("cards")[1]
    assert "SITHS HSA-id legitimering\tÅsa Lindqvist\tSE2321000016-4KQ7" in run("certificates")[1]
    url, order = service.start_login()
    status, out, _ = run("login", url, "--holder-id", "198901029809", "--pin-file", str(pin_file))
    assert status == 0
    assert out.splitlines()[-1].startswith(order.return_url)
    assert order.answer
    assert b"198901029809" in order.answer.certificate_der
    fresh = tmp_path / "fresh"
    fresh.write_text("918273")
    assert run("change-pin", "--pin-file", str(pin_file), "--new-pin-file", str(fresh))[0] == 0
    for _ in range(5):
        status, _, err = run("login", service.start_login()[0], "--pin-file", str(pin_file))
        assert status == 4
    assert "låst" in err
    puk = tmp_path / "puk"
    puk.write_text("12345678")
    assert run("unlock", "--pin-file", str(puk), "--new-pin-file", str(pin_file))[0] == 0
    assert run("login", service.start_login()[0], "--pin-file", str(pin_file))[0] == 0


def test_cards_are_put_in_and_taken_out(run: Run, card: CardInHand, readers: VirtualReaders) -> None:
    assert run("insert", card.number, "--reader", "2")[0] == 0
    assert readers.inserted() == {1: card.number}
    assert run("insert", card.number)[0] == 0
    assert readers.inserted() == {0: card.number}
    assert run("remove")[0] == 0
    assert readers.inserted() == {}
    assert run("insert", "9" * 19)[0] == 3
    assert run("insert", card.number, "--reader", "3")[0] == 2


def test_failures_have_a_sentence_and_a_status(run: Run, service: FixtureService, pin_file: Path) -> None:
    status, _, err = run("login", service.start_login()[0], "--pin-file", str(pin_file))
    assert (status, err) == (3, "Det sitter inget kort i läsaren.\n")
    status, _, err = run("--json-errors", "login", "siths://auth/1/" + "a" * 32, "--pin-file", str(pin_file))
    assert status == 5
    assert json.loads(err)["error_code"] == "alreadyClaimed"
    assert run("login", "http://portal/", "--pin-file", str(pin_file))[0] == 1


def test_the_self_test_says_what_is_there(run: Run, card: CardInHand, readers: VirtualReaders) -> None:
    readers.insert(card.number, reader=0)
    status, out, _ = run("self-test")
    assert status == 0
    assert f"+ kort {card.number}: Ej aktiverat" in out
    assert "+ tjänsten svarar" in out


def test_a_module_that_is_not_there_is_a_plain_sentence(run: Run) -> None:
    status, _, err = run("--module", "/nowhere/module.so", "cards")
    assert status == 1
    assert "/nowhere/module.so" in err
