"""The task side of the page: who asks, for what, with which card; and the steps of an activation."""

from urllib.parse import urlsplit

from client.certificate import CardCertificate
from client.errors import CardRemoved, ClientError, NoCard, NotMe, PinBlocked, UserCancelled, WrongCard
from client.hardware import PinState
from client.login import Login, grouped_code
from client.page import drawing
from client.page.fields import big_sign, grouped, pin_field
from client.page.markup import Markup, join, tag
from client.page.views import Scene, notice
from client.page.visits import Phase, Visit, Work
from client.renewing import Renewal
from client.texts import failure_text
from client.unlocking import Unlocking

_GOING_BACK = "1; url={url}"


def question_view(scene: Scene, visit: Visit) -> Markup:
    """Return the view of a question, whatever its phase."""
    match visit.phase:
        case Phase.OPENING:
            return _busy(scene, "opening")
        case Phase.FAILED:
            return _failed(scene, visit)
        case Phase.ASKING | Phase.WORKING | Phase.DONE:
            if visit.activation:
                return _activation(scene, visit, visit.activation)
            if visit.login:
                return _login(scene, visit, visit.login)
            return _busy(scene, "opening")


def status_of(scene: Scene, visit: Visit) -> str:
    """Return the one sentence that a screen reader hears when the question changes."""
    match visit.phase:
        case Phase.OPENING:
            return scene.say("opening")
        case Phase.WORKING:
            return scene.say(f"step.{visit.step.value}") if visit.step else scene.say("working")
        case Phase.DONE:
            is_act = visit.login is not None and visit.login.is_act
            done = "done.sign" if is_act else "done.login"
            return scene.say(f"{visit.kind}.done" if visit.is_activation else done)
        case Phase.FAILED:
            return failure_text(visit.failure, scene.language) if visit.failure else scene.say("failed")
        case Phase.ASKING:
            trouble = visit.notice or visit.hindrance
            return failure_text(trouble, scene.language) if trouble else ""


def refresh_of(visit: Visit) -> str | None:
    """Return the meta refresh: back to the one who asked when done; without a script, on while it works."""
    if visit.phase is Phase.DONE and visit.return_url and not visit.has_left:
        return _GOING_BACK.format(url=visit.return_url)
    return "2" if visit.phase in {Phase.OPENING, Phase.WORKING} else None


# --- login ------------------------------------------------------------------------------------------


def _login(scene: Scene, visit: Visit, login: Login) -> Markup:
    who = login.question.rp_name
    if visit.phase is Phase.DONE:
        return _answered(scene, visit, who, done="done.sign" if login.is_act else "done.login")
    return tag(
        "section",
        _who_and_what(scene, login),
        _login_answer(scene, visit, login) if visit.phase is Phase.ASKING else _busy_line(scene),
        class_="panel",
    )


def _who_and_what(scene: Scene, login: Login) -> Markup:
    question = login.question
    host = urlsplit(question.rp_origin).netloc
    code = " ".join(login.verification_code)
    return join(
        tag("p", drawing.icon("alert"), tag("span", scene.say("other_address")), class_="notice warn")
        if not login.is_same_address
        else None,
        tag(
            "h1",
            tag("span", question.rp_name, class_="who"),
            " ",
            tag("span", scene.say("sign.asks" if login.is_act else "login.asks"), class_="asks"),
        ),
        tag(
            "dl",
            tag("div", tag("dt", scene.say("address")), tag("dd", host)),
            tag(
                "div",
                tag("dt", scene.say("code")),
                tag("dd", tag("span", login.verification_code, class_="code", aria_label=code)),
                tag("dd", scene.say("code.text"), class_="hint"),
            ),
            class_="facts",
        ),
        tag("p", scene.say("sign.for" if login.is_act else "login.for"), class_="label"),
        tag("p", question.visible_text, class_="what"),
    )


def _login_answer(scene: Scene, visit: Visit, login: Login) -> Markup:
    pin = scene.say("pin.signature" if login.is_signature else "pin")
    usable = [(i, c) for i, c in enumerate(visit.choices) if not _is_blocked(scene, c.card_number)]
    if visit.hindrance or not usable:
        hindrance = visit.hindrance or PinBlocked()
        return join(_hindered(scene, visit, hindrance), _ways_out(scene, visit))
    return join(
        _note(scene, visit),
        scene.form(
            f"/visit/{visit.visit_id}/answer",
            _choice(scene, usable, chosen=visit.chosen),
            tag(
                "div",
                tag(
                    "div",
                    pin_field(scene, "pin", label=pin, help_text=scene.say("pin.help"), is_first=True),
                    tag(
                        "button",
                        scene.say("sign.submit" if login.is_act else "login.submit"),
                        class_="button",
                        type="submit",
                    ),
                    class_="typed",
                ),
                _keypad(scene),
                class_="entry",
            ),
            css="answer",
            autocomplete="off",
        ),
        _ways_out(scene, visit),
    )


def _choice(
    scene: Scene, usable: list[tuple[int, CardCertificate]], *, chosen: CardCertificate | None
) -> Markup:
    if len(usable) == 1:
        place, certificate = usable[0]
        return join(
            tag("input", type="hidden", name="certificate", value=str(place)),
            tag(
                "p",
                drawing.icon("card"),
                *_certificate(scene, certificate),
                class_="chosen",
                data_of=certificate.card_number,
            ),
        )
    certificates = [certificate for _, certificate in usable]
    checked = chosen if chosen in certificates else certificates[0]
    options = [
        tag(
            "label",
            tag(
                "input",
                type="radio",
                name="certificate",
                value=str(place),
                required=True,
                checked=certificate == checked,
            ),
            tag("span", *_certificate(scene, certificate)),
            data_of=certificate.card_number,
        )
        for place, certificate in usable
    ]
    return tag("fieldset", tag("legend", scene.say("choose")), options, class_="choice")


def _certificate(scene: Scene, certificate: CardCertificate) -> tuple[Markup, ...]:
    is_person = certificate.holder_id.isdecimal()
    use = "signature" if certificate.is_for_signatures else "certificate"
    kind = scene.say(f"{use}.person" if is_person else f"{use}.hsa")
    where = f"{certificate.holder_id} · {certificate.issuer} · …{certificate.card_number[-4:]}"
    return (
        tag("b", certificate.holder),
        tag("span", kind, class_="kind"),
        tag("small", where),
    )


def _answered(scene: Scene, visit: Visit, who: str, *, done: str) -> Markup:
    if not visit.return_url:
        return tag(
            "section", big_sign("ok", "check"), tag("h1", scene.say("done.other_device")), class_="panel end"
        )
    return tag(
        "section",
        big_sign("ok", "check"),
        tag("h1", scene.say(done)),
        tag("p", scene.say("done.login.text", name=who), class_="lead") if not visit.has_left else None,
        tag("p", tag("a", scene.say("done.login.link", name=who), href=visit.return_url, class_="button")),
        _typed_code(scene, visit.login.return_code) if visit.has_left and visit.login else None,
        class_="panel end",
        data_leave=None if visit.has_left else "yes",
    )


def _typed_code(scene: Scene, code: str) -> Markup:
    """Show the digits to who came back here: the browser that was opened was not the one that waits."""
    return tag(
        "details",
        tag("summary", scene.say("return_code.still")),
        tag("p", scene.say("return_code.text")),
        tag("p", f"{scene.say('return_code')} ", tag("b", grouped_code(code), class_="number")),
        class_="typed-code",
    )


# --- activation -------------------------------------------------------------------------------------


def _activation(scene: Scene, visit: Visit, activation: Work) -> Markup:
    if visit.phase is Phase.DONE:
        return tag(
            "section",
            big_sign("ok", "check"),
            tag("h1", scene.say(f"{activation.kind}.done")),
            tag("p", scene.say(f"{activation.kind}.done.text"), class_="lead"),
            _steps(scene, visit, activation),
            _close(scene, visit),
            class_="panel",
        )
    return tag(
        "section",
        tag("h1", scene.say(f"{activation.kind}.title"), class_="plain"),
        tag(
            "dl",
            tag("div", tag("dt", scene.say("activation.for")), tag("dd", activation.holder_name)),
            tag("div", tag("dt", scene.say("card_number")), tag("dd", grouped(activation.card_number))),
            class_="facts",
        ),
        tag(
            "div",
            _steps(scene, visit, activation),
            tag(
                "div",
                _activation_answer(scene, visit, activation)
                if visit.phase is Phase.ASKING
                else _busy_line(scene),
                class_="doing",
            ),
            class_="wizard",
        ),
        _ways_out(scene, visit) if visit.phase is Phase.ASKING else None,
        class_="panel",
    )


def _activation_answer(scene: Scene, visit: Visit, activation: Work) -> Markup:
    if visit.hindrance:
        return _activation_hindered(scene, visit.hindrance, activation)
    is_first = activation.needs_new_pin
    title = scene.say(_pin_words(activation))
    return join(
        _note(scene, visit),
        tag("p", scene.say("activation.kept"), class_="quiet") if visit.step else None,
        scene.form(
            f"/visit/{visit.visit_id}/activate",
            tag(
                "div",
                tag(
                    "div",
                    pin_field(
                        scene,
                        "pin",
                        label=title,
                        help_text=scene.say("activation.pin_help" if is_first else "pin.help"),
                        is_first=True,
                    ),
                    pin_field(scene, "again", label=scene.say("activation.repeat")) if is_first else None,
                    class_="typed",
                ),
                _keypad(scene),
                class_="entry",
            ),
            _terms(scene, activation) if is_first and activation.terms_text else None,
            _signed_text(activation),
            tag(
                "button",
                scene.say(_submit_words(activation)),
                class_="button",
                type="submit",
            ),
            css="answer",
            autocomplete="off",
        ),
    )


def _signed_text(activation: Work) -> Markup | None:
    match activation:
        case Unlocking():
            return tag("p", activation.statement.visible_text, class_="what")
        case Renewal():
            return tag("p", activation.statement_text, class_="what")
        case _:
            return None


def _pin_words(activation: Work) -> str:
    if isinstance(activation, Renewal):
        return "pin"
    return "activation.choose_pin" if activation.needs_new_pin else "activation.old_pin"


def _submit_words(activation: Work) -> str:
    if activation.needs_new_pin or isinstance(activation, Renewal):
        return f"{activation.kind}.submit"
    return "activation.resume"


def _activation_hindered(scene: Scene, hindrance: ClientError, activation: Work) -> Markup:
    number = grouped(activation.card_number)
    if isinstance(hindrance, WrongCard):
        return notice("bad", "cross", scene.say(f"{activation.kind}.wrong", wanted=number))
    if isinstance(hindrance, NoCard | CardRemoved):
        return tag(
            "div",
            big_sign("warn", "in"),
            tag("h2", scene.say("insert_card.title")),
            tag("p", f"{scene.say('activation.insert')} ", tag("b", number, class_="number")),
            class_="wait",
        )
    return notice("bad", "alert", failure_text(hindrance, scene.language))


def _terms(scene: Scene, activation: Work) -> Markup:
    return tag(
        "fieldset",
        tag("legend", scene.say("activation.terms", version=activation.terms_version)),
        # Longer than its frame: with the focus on it, it scrolls by keyboard (WCAG 2.1.1).
        tag(
            "ul",
            [tag("li", line) for line in activation.terms_text.split("\n") if line.strip()],
            tabindex="0",
        ),
        tag(
            "label",
            tag("input", type="checkbox", name="terms", value="yes", required=True),
            tag("span", scene.say("activation.accept")),
        ),
        class_="terms",
    )


def _steps(scene: Scene, visit: Visit, activation: Work) -> Markup:
    steps = list(activation.steps)
    if visit.phase is Phase.DONE:
        reached = len(steps)
    elif visit.step in steps:
        reached = steps.index(visit.step)
    else:  # nothing is done on the card yet: the card or the PIN is waited for
        reached = 0 if visit.hindrance else 1
    rows = []
    for place, step in enumerate(steps):
        state = "done" if place < reached else "todo"
        if place == reached:
            state = "now" if visit.phase is Phase.WORKING else "stopped"
        spoken = scene.say("step.state.todo" if state == "stopped" else f"step.state.{state}")
        rows.append(
            tag(
                "li",
                tag("span", drawing.steps_mark(state), class_="dot"),
                tag("span", scene.say(f"step.{step.value}")),
                tag("span", f" ({spoken})", class_="sr-only"),
                class_=state,
                aria_current="step" if state in {"now", "stopped"} else None,
            )
        )
    return tag("ol", rows, class_="steps")


# --- shared -----------------------------------------------------------------------------------------


def _hindered(scene: Scene, visit: Visit, hindrance: ClientError) -> Markup:
    if isinstance(hindrance, PinBlocked):
        return tag(
            "div",
            big_sign("bad", "lock"),
            tag("h2", scene.say("failed.locked")),
            tag("p", failure_text(hindrance, scene.language)),
            class_="wait",
        )
    if isinstance(hindrance, NoCard | CardRemoved):
        was_there = isinstance(visit.notice, CardRemoved)
        return tag(
            "div",
            big_sign("warn", "in"),
            tag("h2", scene.say("insert_card.title")),
            tag("p", scene.say("cardRemoved") if was_there else scene.say("insert_card.text")),
            class_="wait",
        )
    return notice("bad", "alert", failure_text(hindrance, scene.language))


def _note(scene: Scene, visit: Visit) -> Markup | None:
    if visit.notice is None:
        return None
    sentence = failure_text(visit.notice, scene.language)
    return tag("div", notice("bad", "cross", sentence), id="note", role="alert")


def _keypad(scene: Scene) -> Markup:
    """Return keys for pointing at; the script shows them, and typing works without."""
    keys = [tag("button", digit, type="button", data_digit=digit, tabindex="-1") for digit in "123456789"]
    keys += [
        tag(
            "button",
            "C",
            type="button",
            data_key_clear="yes",
            tabindex="-1",
            aria_label=scene.say("keypad.clear"),
        ),
        tag("button", "0", type="button", data_digit="0", tabindex="-1"),
        tag(
            "button",
            "⌫",
            type="button",
            data_key_back="yes",
            tabindex="-1",
            aria_label=scene.say("keypad.back"),
        ),
    ]
    return tag("div", keys, class_="keypad", role="group", aria_label=scene.say("keypad"), hidden=True)


def _ways_out(scene: Scene, visit: Visit) -> Markup:
    return tag(
        "div",
        scene.form(
            f"/visit/{visit.visit_id}/cancel",
            tag("button", scene.say("cancel"), class_="button line", type="submit"),
        ),
        scene.form(
            f"/visit/{visit.visit_id}/not-me",
            tag("button", drawing.icon("hand"), scene.say("not_me"), class_="button danger", type="submit"),
        ),
        class_="ways-out",
    )


def _failed(scene: Scene, visit: Visit) -> Markup:
    failure = visit.failure
    match failure:
        case UserCancelled():
            sign, title = big_sign("quiet", "cross"), scene.say("failed.cancelled")
        case NotMe():
            sign, title = big_sign("warn", "hand"), scene.say("failed.not_me")
        case PinBlocked():
            sign, title = big_sign("bad", "lock"), scene.say("failed.locked")
        case _:
            sign, title = big_sign("bad", "alert"), scene.say("failed")
    return tag(
        "section",
        sign,
        tag("h1", title),
        tag("p", failure_text(failure, scene.language), class_="lead") if failure else None,
        _close(scene, visit),
        class_="panel end",
    )


def _close(scene: Scene, visit: Visit) -> Markup:
    return scene.form(
        f"/visit/{visit.visit_id}/close",
        tag("button", scene.say("close"), class_="button line", type="submit"),
    )


def _busy(scene: Scene, key: str) -> Markup:
    return tag("section", tag("span", class_="spinner big"), tag("h1", scene.say(key)), class_="panel end")


def _busy_line(scene: Scene) -> Markup:
    return tag(
        "div",
        tag("span", class_="spinner", aria_hidden="true"),
        tag("b", scene.say("working")),
        tag("span", scene.say("working.text"), class_="quiet"),
        class_="busy",
    )


def _is_blocked(scene: Scene, card_number: str) -> bool:
    return any(
        reader.card and reader.card.card_number == card_number and reader.card.pin_state is PinState.BLOCKED
        for reader in scene.desk.readers
    )
