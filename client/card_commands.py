"""Commands on readers and cards: what is there, in words, and changes of the codes."""

from datetime import UTC, datetime

from client import flows
from client.asking import Run, card_number_of, new_pin_of, pin_of
from client.certificate import CardCertificate
from client.errors import NoCard
from client.hardware import Hardware, InsertedCard
from client.pins import rules_for
from client.virtual_readers import VirtualReaders


def readers(run: Run) -> None:
    """List the readers and what is in them."""
    rows = []
    with flows.open_hardware(run.configuration) as hardware:
        for reader in hardware.readers():
            number = reader.card.card_number if reader.card else ""
            what = run.teller.words("cli.holds", number=number) if number else run.teller.words("cli.empty")
            run.teller.line(f"{reader.slot + 1}\t{reader.name}\t{what}")
            rows.append({"reader": reader.slot + 1, "name": reader.name, "card_number": number})
    if not rows:
        run.teller.say("cli.no_readers")
    run.teller.result(readers=rows)


def cards(run: Run) -> None:
    """List the cards, those in readers first."""
    printed = {card.card_number: card for card in VirtualReaders(run.configuration).cards()}
    rows: list[dict[str, object]] = []
    with flows.open_hardware(run.configuration) as hardware:
        for reader in hardware.readers():
            if reader.card:
                number = reader.card.card_number
                place = run.teller.words("cli.inserted", number=reader.slot + 1)
                name = printed[number].printed_name if number in printed else ""
                _card_line(run, number, place, name, pin_state(run, reader.card))
                rows.append(
                    {
                        "card_number": number,
                        "reader": reader.slot + 1,
                        "printed_name": name,
                        "pin": reader.card.pin_state.value,
                        "tries_left": reader.card.tries_left,
                    }
                )
    inserted = {row["card_number"] for row in rows}
    for number, card in printed.items():
        if number not in inserted:
            _card_line(run, number, run.teller.words("cli.on_desk"), card.printed_name, "")
            rows.append({"card_number": number, "reader": None, "printed_name": card.printed_name})
    if not rows:
        run.teller.say("cli.no_cards")
    run.teller.result(cards=rows)


def certificates(run: Run) -> None:
    """Show the certificates on the inserted cards: whose, what for, by whom, until when."""
    now = datetime.now(UTC)
    with flows.open_hardware(run.configuration) as hardware:
        if not any(reader.card for reader in hardware.readers()):
            raise NoCard
        found = hardware.certificates()
    for certificate in found:
        words = f"{run.teller.words(_use_key(certificate))}, {_validity(run, certificate, at=now)}"
        run.teller.line(
            f"{certificate.card_number}\t{certificate.label}\t{certificate.holder}\t"
            f"{certificate.holder_id}\t{certificate.issuer}\t"
            f"{certificate.parsed.not_valid_after_utc:%Y-%m-%d}\t{words}"
        )
    if not found:
        run.teller.say("cli.no_certificates")
    run.teller.result(certificates=[_members(certificate) for certificate in found])


def insert(run: Run) -> None:
    """Put a virtual card into a reader."""
    reader, number = run.arguments.reader, run.arguments.card_number
    VirtualReaders(run.configuration).insert(number, reader=reader - 1)
    run.teller.say("cli.put_in", number=number, reader=reader)
    run.teller.result(card_number=number, reader=reader)


def remove(run: Run) -> None:
    """Take the virtual card out of a reader."""
    VirtualReaders(run.configuration).remove(reader=run.arguments.reader - 1)
    run.teller.say("cli.taken_out", reader=run.arguments.reader)
    run.teller.result(reader=run.arguments.reader)


def change_pin(run: Run) -> None:
    """Change the PIN of the card in the reader, by the product's rules. Raises PinNotAllowed, WrongPin."""
    old, pin = pin_of(run, "cli.pin"), new_pin_of(run, file="new_pin_file")
    with flows.open_hardware(run.configuration) as hardware:
        number = card_number_of(run, hardware)
        _check_pin(hardware, number, pin)
        with hardware.card(number) as card:
            card.change_pin(old=old, pin=pin)
    run.teller.say("cli.pin_changed")
    run.teller.result(card_number=number)


def unlock(run: Run) -> None:
    """Unlock the card in the reader with a new PIN: by the PUK of its letter, or by the link of a visit."""
    if run.arguments.url:
        number = flows.unlock(
            run.arguments.url,
            new_pin=new_pin_of(run, file="new_pin_file"),
            insert=not run.arguments.no_insert,
            report=lambda step: run.teller.say(f"step.{step.value}"),
            configuration=run.configuration,
        )
        run.teller.say("cli.unlocked")
        run.teller.result(card_number=number)
        return
    puk, pin = pin_of(run, "cli.puk"), new_pin_of(run, file="new_pin_file")
    with flows.open_hardware(run.configuration) as hardware:
        number = card_number_of(run, hardware)
        _check_pin(hardware, number, pin)
        with hardware.card(number) as card:
            card.unlock_with_puk(puk=puk, pin=pin)
    run.teller.say("cli.unlocked")
    run.teller.result(card_number=number)


def pin_state(run: Run, card: InsertedCard) -> str:
    """Return how the card's PIN stands, in words."""
    return run.teller.words(f"pin.{card.pin_state.value}", tries_left=card.tries_left)


def _check_pin(hardware: Hardware, card_number: str, pin: str) -> None:
    with hardware.card(card_number) as card:
        rules_for(card.certificates()).check(pin)


def _card_line(run: Run, *parts: str) -> None:
    run.teller.line("\t".join(part for part in parts if part))


def _use_key(certificate: CardCertificate) -> str:
    if certificate.is_for_signatures:
        return "cli.for_signing"
    return "cli.for_identification"


def _validity(run: Run, certificate: CardCertificate, *, at: datetime) -> str:
    parsed = certificate.parsed
    if at > parsed.not_valid_after_utc:
        return run.teller.words("cli.has_expired")
    if at < parsed.not_valid_before_utc:
        return run.teller.words("cli.not_yet_valid")
    return run.teller.words("cli.days_left", days=(parsed.not_valid_after_utc - at).days)


def _members(certificate: CardCertificate) -> dict[str, object]:
    parsed = certificate.parsed
    return {
        "card_number": certificate.card_number,
        "label": certificate.label,
        "holder": certificate.holder,
        "holder_id": certificate.holder_id,
        "organization": certificate.organization,
        "issuer": certificate.issuer,
        "serial_number": f"{parsed.serial_number:x}",
        "not_before": parsed.not_valid_before_utc.isoformat(),
        "not_after": parsed.not_valid_after_utc.isoformat(),
        "use": "signature" if certificate.is_for_signatures else "authentication",
    }
