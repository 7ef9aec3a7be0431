"""The command line as a person and a script use it: sentences and exit statuses."""

import io
import json
import re
from pathlib import Path
from typing import Protocol

import pytest
import segno
from PIL import Image

from authn.evidence import return_code
from client.commands import main
from client.hardware import Hardware
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
    url, order = service.start_login()
    status, out, _ = run("login", url, "--return-code", "--pin-file", str(pin_file))
    assert status == 0
    assert order.answer
    digits = return_code(order.answer.user_challenge)
    assert f"{digits[:4]} {digits[4:]}" in out, "shown when it is asked for, for a browser elsewhere"
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


def test_programs_get_json_and_nothing_else(
    run: Run, active_card: CardInHand, readers: VirtualReaders
) -> None:
    readers.insert(active_card.number, reader=1)
    status, out, _ = run("--json", "readers")
    assert status == 0
    assert [row["card_number"] for row in json.loads(out)["readers"]] == ["", active_card.number]
    (card,) = json.loads(run("--json", "cards")[1])["cards"]
    assert (card["reader"], card["pin"], card["tries_left"]) == (2, "good", 5)
    certificates = json.loads(run("--json", "certificates")[1])["certificates"]
    assert {row["holder_id"] for row in certificates} == {"SE2321000016-4KQ7", "198901029809"}
    assert {row["use"] for row in certificates} == {"authentication"}
    assert {row["code"] for row in json.loads(run("--json", "self-test")[1])["findings"]} == {""}
    status, out, err = run("--json", "login", "siths://auth/1/" + "a" * 32)
    assert (status, out) == (5, "")
    assert json.loads(err)["code"] == "serverRefused"


def test_certificates_are_shown_in_words(
    run: Run, active_card: CardInHand, readers: VirtualReaders, service: FixtureService
) -> None:
    readers.insert(active_card.number, reader=0)
    lines = run("certificates")[1].splitlines()
    assert len(lines) == 2
    assert all("för legitimering, gäller 364 dagar till" in line for line in lines)


@pytest.mark.parametrize(
    ("pin", "sentence"),
    [("111111", "för lätt"), ("345678", "för lätt"), ("890102", "för lätt"), ("02011989", "för lätt"),
     ("12ab56", "bara siffror"), ("1234", "6 till 8")],
)  # fmt: skip
def test_a_pin_that_the_product_forbids_is_not_set(  # noqa: PLR0917 - fixtures
    pin: str, sentence: str, run: Run, active_card: CardInHand, readers: VirtualReaders, pin_file: Path,
    tmp_path: Path,
) -> None:  # fmt: skip
    """domain.md 2.6: sequences, repetitions and the holder's birth date, by change and by unlock alike."""
    readers.insert(active_card.number, reader=0)
    fresh = tmp_path / "fresh"
    fresh.write_text(pin)
    for command in ("change-pin", "unlock"):
        status, _, err = run(command, "--pin-file", str(pin_file), "--new-pin-file", str(fresh))
        assert status == 4
        assert sentence in err
    (card,) = json.loads(run("--json", "cards")[1])["cards"]
    assert card["pin"] == "good"


def test_a_wrong_puk_says_how_many_tries_are_left_and_then_that_it_is_over(
    run: Run, active_card: CardInHand, readers: VirtualReaders, pin_file: Path, tmp_path: Path
) -> None:
    readers.insert(active_card.number, reader=0)
    puk = tmp_path / "puk"
    puk.write_text("00000000")
    said = [run("unlock", "--pin-file", str(puk), "--new-pin-file", str(pin_file)) for _ in range(10)]
    assert {status for status, _, _ in said} == {4}
    assert "9 försök kvar" in said[0][2]
    assert "Ett försök kvar" in said[8][2]
    assert "fel för många gånger" in said[9][2]


def test_an_act_is_shown_before_it_is_signed_by_the_signature_key(
    run: Run, card: CardInHand, service: FixtureService, pin_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service.signature_keys = {"id_authentication"}
    run("activate", service.start_activation(card.number, card.admin_key)[0], "--pin-file", str(pin_file))
    text = "Spärra kort 9752278990000000001 för Bo Ek"
    url, order = service.start_login(purpose="sign", visible_text=text)
    status, out, _ = run("sign", url, "--pin-file", str(pin_file))
    assert status == 0
    lines = out.splitlines()
    assert lines[0] == f"Sigill ({service.origin}) frågar:"
    assert lines[1].startswith("Kontrollkod ")
    assert lines[2] == text
    assert lines[-1].startswith(order.return_url)
    assert order.answer
    assert b"198901029809" in order.answer.certificate_der


@pytest.mark.parametrize(
    ("command", "purpose", "sentence"),
    [("login", "sign", "ingen inloggning"), ("login", "authForSign", "ingen inloggning"),
     ("sign", "auth", "ingen handling")],
)  # fmt: skip
def test_a_login_signs_no_act_and_an_act_is_no_login(  # noqa: PLR0917 - fixtures
    command: str, purpose: str, sentence: str, run: Run, card: CardInHand, service: FixtureService,
    pin_file: Path,
) -> None:  # fmt: skip
    """T9, on this side: whoever runs one command cannot be led into the other."""
    service.signature_keys = {"id_authentication"}
    run("activate", service.start_activation(card.number, card.admin_key)[0], "--pin-file", str(pin_file))
    url, order = service.start_login(purpose=purpose)
    status, _, err = run(command, url, "--pin-file", str(pin_file))
    assert status == 1
    assert sentence in err
    assert order.answer is None
    assert order.aborted == "userCancel"


def test_a_qr_code_is_taken_typed_pasted_or_as_a_picture(  # noqa: PLR0917 - fixtures
    run: Run, active_card: CardInHand, service: FixtureService, pin_file: Path, tmp_path: Path,
    readers: VirtualReaders, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """AUT-3, on the client's side."""
    readers.insert(active_card.number, reader=0)
    picture = tmp_path / "code.png"
    for way in ("typed", "pasted", "picture"):
        url, order = service.start_qr_login()
        arguments = [url] if way == "typed" else []
        if way == "pasted":
            monkeypatch.setattr("sys.stdin", io.StringIO(f"  {url}\n"))
        if way == "picture":
            segno.make(url).save(str(picture), scale=4)
            arguments = ["--picture", str(picture)]
        status, out, _ = run("login", *arguments, "--pin-file", str(pin_file))
        assert status == 0
        assert "andra enheten" in out.splitlines()[-1]
        assert order.answer


def test_pictures_without_one_link_of_ours_are_refused(run: Run, pin_file: Path, tmp_path: Path) -> None:
    nothing, other = tmp_path / "nothing.png", tmp_path / "other.png"
    Image.new("L", (80, 80), 255).save(nothing)
    segno.make("https://evil.test/").save(str(other), scale=4)
    for path in (nothing, other, pin_file, tmp_path / "missing.png"):
        status, _, err = run("login", "--picture", str(path), "--pin-file", str(pin_file))
        assert (status, err) == (1, "Länken går inte att öppna här.\n")


def test_the_self_test_says_plainly_what_to_do(run: Run, service: FixtureService) -> None:
    service.clock_ahead = 600
    service.latest_version = "1.4"
    status, out, err = run("self-test")
    assert status == 1
    assert "! inget kort i läsaren" in out
    assert re.search(r"- Datorns klocka går \d{3} sekunder fel\. Ställ in", out)
    assert "! version 1.0 duger, men 1.4 finns" in out
    assert "automatisk tid" in err
    service.least_version = "2.1"
    status, out, err = run("self-test")
    assert status == 5
    assert "tjänsten kräver minst 2.1" in err
    status, out, _ = run("--module", "/nowhere/module.so", "self-test")
    assert status == 1  # the first that is bad; the rest is looked at all the same
    assert "- Ingen förbindelse" in out
    assert "- Ingen PKCS#11-modul." in out


def test_a_card_whose_certificate_lost_its_key_is_found_by_the_self_test(
    run: Run, active_card: CardInHand, readers: VirtualReaders, hardware: Hardware
) -> None:
    readers.insert(active_card.number, reader=0)
    with hardware.card(active_card.number) as held:
        certificate, other = held.certificates()
        held.log_in(PIN)
        held.write_certificate(
            label=certificate.label,
            key_id=certificate.key_id,
            certificate_der=other.certificate_der,
            subject=b"",
        )
    status, out, _ = run("self-test")
    assert status == 3
    assert f"- {certificate.label}: certifikatet hör till en annan nyckel." in out
