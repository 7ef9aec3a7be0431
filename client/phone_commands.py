"""Commands on simulated phones: get one, fetch a mobile eID to it, log in with it."""

from client import flows
from client.asking import Run, link_of, new_pin_of, pin_of
from client.enrolling import Enrolment
from client.errors import ClientError, LinkInvalid
from client.links import LinkKind
from client.login import Login
from client.phones import Phones


def phone(run: Run) -> None:
    """Do one of the things that are done with a phone."""
    {"list": _list, "new": _new, "enrol": _enrol, "login": _login}[run.arguments.doing](run)


def _list(run: Run) -> None:
    rows = []
    for one in Phones(run.configuration).all():
        with flows.open_hardware(one.configuration) as hardware:
            found = hardware.certificates()
        run.teller.line(f"{one.name}\t{', '.join(certificate.holder for certificate in found)}")
        rows.append({"name": one.name, "holders": [certificate.holder for certificate in found]})
    run.teller.result(phones=rows)


def _new(run: Run) -> None:
    made = Phones(run.configuration).get_new(run.arguments.name)
    run.teller.say("cli.phone_new", name=made.name)
    run.teller.result(name=made.name)


def _enrol(run: Run) -> None:
    """Scan the code, show whose it is, and only then ask for the phone's code."""
    link = link_of(run)
    if link.kind is not LinkKind.MOBILE:
        raise LinkInvalid
    found = Phones(run.configuration).find(run.arguments.name)
    enrolment = Enrolment(link, phone=found)
    try:
        run.teller.say("cli.phone_for", name=enrolment.holder_name)
        run.teller.line(enrolment.statement_text)
        run.teller.say("cli.phone_digits", digits=enrolment.digits)
        pin = pin_of(run, "cli.pin") if found.has_code else new_pin_of(run)
        enrolment.complete(pin, report=lambda step: run.teller.say(f"phone.{step.value}"))
    except ClientError as error:
        enrolment.give_up(error.code)
        raise
    except (KeyboardInterrupt, EOFError):
        enrolment.give_up("userCancel")
        raise
    run.teller.result(name=found.name, holder=enrolment.holder_name)


def _login(run: Run) -> None:
    """Scan the code of a page that waits, show who asks, and answer with the phone's mobile eID."""
    link = link_of(run)
    if link.kind is not LinkKind.OTHER_DEVICE_LOGIN:
        raise LinkInvalid
    found = Phones(run.configuration).find(run.arguments.name)

    def ask_pin(login: Login) -> str:
        run.teller.say("cli.asked_by", name=login.question.rp_name, origin=login.question.rp_origin)
        run.teller.say("cli.code", code=login.verification_code)
        if not login.is_same_address:
            run.teller.say("other_address")
        run.teller.line(login.question.visible_text)
        return pin_of(run, "cli.pin")

    flows.answer(link.text, ask_pin=ask_pin, configuration=found.configuration)
    run.teller.say("done.other_device")
    run.teller.result(name=found.name)
