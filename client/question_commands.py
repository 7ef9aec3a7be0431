"""Commands that answer a service: a login, an act to sign, an activation."""

from collections.abc import Callable, Sequence

from client import flows
from client.asking import Run, link_of, new_pin_of, pin_of
from client.certificate import CardCertificate
from client.errors import UnexpectedLogin, UnexpectedSignature
from client.login import Login, grouped_code


def login(run: Run) -> None:
    """Answer a login; the address for the browser is the last line."""
    link = link_of(run)
    _finish(
        run,
        flows.answer(
            link.text,
            ask_pin=lambda question: _ask_login(run, question),
            card_number=run.arguments.card or "",
            choose=_chooser(run),
            configuration=run.configuration,
            show_code=_code_shower(run),
        ),
        said="cli.logged_in",
    )


def sign(run: Run) -> None:
    """Sign an act: who asks and the whole text stand there before the PIN is asked for."""
    link = link_of(run)
    _finish(
        run,
        flows.answer(
            link.text,
            ask_pin=lambda question: _ask_act(run, question),
            card_number=run.arguments.card or "",
            choose=_chooser(run),
            configuration=run.configuration,
            show_code=_code_shower(run),
        ),
        said="cli.signed",
    )


def activate(run: Run) -> None:
    """Activate the card of a link."""
    link = link_of(run)
    done = flows.activate(
        link.text,
        new_pin=new_pin_of(run),
        insert=not run.arguments.no_insert,
        report=lambda step: run.teller.say(f"step.{step.value}"),
        configuration=run.configuration,
    )
    run.teller.say("cli.activated", number=done.card_number)
    run.teller.result(card_number=done.card_number, holder=done.holder_name)


def renew(run: Run) -> None:
    """Put new certificates on the card of a link."""
    link = link_of(run)
    number = flows.renew(
        link.text,
        pin=pin_of(run, "cli.pin"),
        insert=not run.arguments.no_insert,
        report=lambda step: run.teller.say(f"step.{step.value}"),
        configuration=run.configuration,
    )
    run.teller.say("cli.renewed", number=number)
    run.teller.result(card_number=number)


def _ask_login(run: Run, login: Login) -> str:
    """Ask for the PIN; a login is no way to get an act signed. Raises UnexpectedSignature."""
    if login.is_act:
        raise UnexpectedSignature
    return _ask(run, login)


def _ask_act(run: Run, login: Login) -> str:
    if not login.is_act:
        raise UnexpectedLogin
    return _ask(run, login)


def _ask(run: Run, login: Login) -> str:
    """Show who asks, for what and by which code, in this order, and only then ask for the PIN."""
    question = login.question
    run.teller.say("cli.asked_by", name=question.rp_name, origin=question.rp_origin)
    run.teller.say("cli.code", code=login.verification_code)
    if not login.is_same_address:
        run.teller.say("other_address")
    run.teller.line(question.visible_text)
    return pin_of(run, "cli.pin_signature" if login.is_signature else "cli.pin")


def _code_shower(run: Run) -> Callable[[str], None] | None:
    """Return what shows the digits, when they were asked for: nobody should read them out by habit."""
    if not run.arguments.return_code:
        return None

    def show(code: str) -> None:
        run.teller.say("return_code.text")
        run.teller.line(grouped_code(code))

    return show


def _finish(run: Run, address: str, *, said: str) -> None:
    if address:
        run.teller.say(said)
        run.teller.line(address)
    else:
        run.teller.say("done.other_device")
    run.teller.result(address=address)


def _chooser(run: Run) -> flows.Choose | None:
    wanted = run.arguments.holder_id
    if not wanted:
        return None

    def choose(choices: Sequence[CardCertificate]) -> CardCertificate:
        return next((one for one in choices if one.holder_id == wanted), choices[0])

    return choose
