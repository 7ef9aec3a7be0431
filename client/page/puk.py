"""Unlocking by the PUK of the letter, on the page: between the holder and the card, nobody else is asked."""

from client.hardware import InsertedCard, PinState
from client.page.fields import big_sign, grouped, pin_field, puk_field
from client.page.markup import Markup, tag
from client.page.views import Scene, notice
from client.texts import failure_text


def inserted_in(scene: Scene, reader: int) -> InsertedCard | None:
    """Return the card that a PUK can open in this reader, None for none: one never activated has no PIN."""
    cards = (one.card for one in scene.desk.readers if one.slot == reader)
    card = next(cards, None)
    return card if card is not None and card.pin_state is not PinState.UNSET else None


def puk_view(scene: Scene, reader: int, card: InsertedCard) -> Markup:
    """Return the form: the PUK, and twice the new PIN."""
    printed = {one.card_number: one.printed_name for one in scene.desk.cards}
    name, number = printed.get(card.card_number, ""), grouped(card.card_number)
    trouble = scene.desk.puk_trouble(card.card_number)
    sentence = failure_text(trouble, scene.language) if trouble else ""
    return tag(
        "section",
        tag("h1", scene.say("puk.title"), class_="plain"),
        tag(
            "dl",
            tag("div", tag("dt", scene.say("activation.for")), tag("dd", name)) if name else None,
            tag("div", tag("dt", scene.say("card_number")), tag("dd", number)),
            class_="facts",
        ),
        tag("p", scene.say("puk.text"), class_="lead"),
        tag("div", notice("bad", "cross", sentence), id="note", role="alert") if trouble else None,
        scene.form(
            f"/puk/{reader}",
            tag("input", type="hidden", name="card", value=card.card_number),
            tag(
                "div",
                puk_field(scene),
                pin_field(
                    scene,
                    "pin",
                    label=scene.say("activation.choose_pin"),
                    help_text=scene.say("activation.pin_help"),
                ),
                pin_field(scene, "again", label=scene.say("activation.repeat")),
                class_="typed",
            ),
            tag("button", scene.say("unlock.submit"), class_="button", type="submit"),
            css="answer",
            autocomplete="off",
        ),
        tag(
            "div",
            tag("a", scene.say("cancel"), href="/", class_="button line"),
            class_="ways-out",
        ),
        class_="panel",
    )


def unlocked_view(scene: Scene) -> Markup:
    """Return what the page says when the card has taken the PUK."""
    return tag(
        "section",
        big_sign("ok", "check"),
        tag("h1", scene.say("unlock.done")),
        tag("p", scene.say("unlock.done.text"), class_="lead"),
        tag("p", tag("a", scene.say("to_start"), href="/", class_="button line")),
        class_="panel end",
    )
