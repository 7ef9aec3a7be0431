"""The page as a whole: frame, regions that renew themselves, readers and cards."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from client.hardware import PinState, Reader
from client.page import drawing
from client.page.desk import Desk
from client.page.markup import Markup, join, tag
from client.texts import Language, text
from client.virtual_readers import PrintedCard

_STATE_LOOKS: Mapping[PinState, tuple[str, str]] = {
    PinState.GOOD: ("ok", "check"),
    PinState.LOW: ("warn", "alert"),
    PinState.FINAL: ("warn", "alert"),
    PinState.BLOCKED: ("bad", "lock"),
    PinState.UNSET: ("info", "mail"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a view needs besides its subject.

    `version` is the desk's before anything was looked at: a change while the page is made is then not missed.
    """

    desk: Desk
    language: Language
    csrf_token: str
    path: str
    version: int

    def say(self, key: str, **facts: object) -> str:
        """Return a text in the person's language."""
        return text(key, self.language, **facts)

    def form(self, action: str, *content: Markup | None, css: str | None = None, **attributes: str) -> Markup:
        """Return a form of our own: with the token, and where to come back to."""
        hidden = (
            tag("input", type="hidden", name="token", value=self.csrf_token),
            tag("input", type="hidden", name="back", value=self.path),
        )
        return tag("form", *hidden, *content, method="post", action=action, class_=css, **attributes)


def page(scene: Scene, *, title: str, task: Markup, status: str, refresh: str | None = None) -> Markup:
    """Return a whole page; `refresh` is the content of a meta refresh, for the way back and for no script."""
    body = join(
        tag("a", scene.say("skip"), class_="skip", href="#task"),
        _header(scene),
        tag(
            "div",
            tag("main", region("task", task), id="task", tabindex="-1"),
            tag(
                "aside",
                region("desk", desk_view(scene)),
                aria_label=scene.say("readers"),
            ),
            class_="shell",
        ),
        tag("p", status, id="status", role="status", class_="sr-only"),
        tag("script", "", src="/static/client.js", defer=True),
    )
    head = join(
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        _refresh(refresh) if refresh else None,
        tag("title", f"{title} · Sigill"),
        tag("link", rel="stylesheet", href="/static/client.css"),
        tag("link", rel="icon", href="/static/mark.svg", type="image/svg+xml"),
    )
    document = tag(
        "html",
        tag("head", head),
        tag("body", body, data_version=str(scene.version)),
        lang=scene.language.value,
    )
    return Markup(f"<!doctype html>{document}")


def region(name: str, content: Markup) -> Markup:
    """Return a part that the script replaces when its key has changed, and only then."""
    key = hashlib.sha256(content.encode()).hexdigest()[:16]
    return tag("div", content, data_region=name, data_key=key)


def notice(kind: str, sign: str, sentence: str) -> Markup:
    """Return a note in words, colour and sign."""
    return tag("p", drawing.icon(sign), tag("span", sentence), class_=f"notice {kind}")


def message_page(scene: Scene, *, title: str, sentence: str) -> Markup:
    """Return a page that says one thing."""
    task = tag(
        "section",
        tag("h1", title),
        tag("p", sentence),
        tag("p", tag("a", scene.say("to_start"), href="/", class_="button line")),
        class_="panel",
    )
    return page(scene, title=title, task=task, status=title)


def idle_view(scene: Scene) -> Markup:
    """Return what the task side says when nobody asks for anything."""
    return tag(
        "section",
        tag("div", drawing.icon("card"), class_="idle-sign"),
        tag("h1", scene.say("idle.title")),
        tag("p", scene.say("idle.text"), class_="lead"),
        class_="panel idle",
    )


def desk_view(scene: Scene) -> Markup:
    """Return readers and, with virtual ones, the cards that lie beside them."""
    printed = {card.card_number: card for card in scene.desk.cards}
    readers = [_reader(scene, reader, printed) for reader in scene.desk.readers]
    inserted = {reader.card.card_number for reader in scene.desk.readers if reader.card}
    lying = [card for card in scene.desk.cards if card.card_number not in inserted]
    return join(
        tag("h2", scene.say("readers"), class_="label"),
        tag("div", readers, class_="readers"),
        _wallet(scene, lying, is_empty=not printed) if scene.desk.has_virtual_readers else None,
    )


def card_face(scene: Scene, card: PrintedCard) -> Markup:
    """Return a card as it is printed."""
    has_photo = card.product_code in {"7A1", "7B1"}
    facts = tag(
        "div",
        tag("b", card.printed_name, class_="name"),
        tag("span", card.organization_name, class_="organization"),
        tag("span", card.grouped_number, class_="number"),
        tag("span", f"{scene.say('valid_until')} {card.valid_until}", class_="until"),
        class_="print",
    )
    return tag(
        "div",
        tag("div", drawing.chip(), tag("span", card.product_name, class_="product"), class_="top"),
        tag("div", drawing.silhouette() if has_photo else None, facts, class_="bottom"),
        class_="face" if card.product_code != "773" else "face reserve",
    )


def _refresh(content: str) -> Markup:
    """Return the way back for everybody, but the mere looking again only for those without a script."""
    again = tag("meta", http_equiv="refresh", content=content)
    return again if "url=" in content else tag("noscript", again)


def _header(scene: Scene) -> Markup:
    environment = tag("div", scene.say("test"), class_="env") if scene.desk.is_test else None
    bar = tag(
        "div",
        tag("a", drawing.mark(), "Sigill", href="/", class_="brand"),
        tag("span", scene.say("title"), class_="where"),
        scene.form(
            "/language",
            tag(
                "button",
                scene.say("other_language"),
                class_="text-button",
                lang="en" if scene.language is Language.SWEDISH else "sv",
                name="language",
                value="en" if scene.language is Language.SWEDISH else "sv",
            ),
            css="language",
        ),
        class_="top-bar",
    )
    return tag("header", environment, bar)


def _reader(scene: Scene, reader: Reader, printed: Mapping[str, PrintedCard]) -> Markup:
    number = reader.slot + 1
    title = scene.say("reader", number=number)
    if reader.card is None:
        drawn = tag(
            "div", tag("div", class_="well"), drawing.reader_front(is_lit=False), class_="reader empty"
        )
        return tag(
            "article",
            drawn,
            tag("div", tag("b", title), tag("span", scene.say("reader.empty"), class_="quiet"), class_="row"),
            aria_label=title,
        )
    card = printed.get(reader.card.card_number) or _unprinted(reader.card.card_number)
    css, sign = _STATE_LOOKS[reader.card.pin_state]
    state = scene.say(f"pin.{reader.card.pin_state.value}", tries_left=reader.card.tries_left or "")
    by_puk = tag("a", scene.say("puk.open"), href=f"/puk/{reader.slot}", class_="button line small")
    drawn = tag(
        "div",
        tag(
            "div",
            tag("div", card_face(scene, card), class_="inserted", data_card=card.card_number),
            class_="well",
        ),
        drawing.reader_front(is_lit=True),
        class_="reader",
    )
    remove = tag(
        "button",
        drawing.icon("out"),
        scene.say("remove"),
        tag("span", f" {_named(scene, 'remove', card, number=number)}", class_="sr-only"),
        class_="button line small",
        name="reader",
        value=str(reader.slot),
    )
    return tag(
        "article",
        drawn,
        tag(
            "div",
            tag("b", title),
            tag("span", drawing.icon(sign), state, class_=f"badge {css}"),
            by_puk if reader.card.pin_state is PinState.BLOCKED else None,
            scene.form("/remove", remove) if scene.desk.has_virtual_readers else None,
            class_="row",
        ),
        aria_label=f"{title}: {card.printed_name}",
    )


def _named(scene: Scene, verb: str, card: PrintedCard, **facts: object) -> str:
    """Say which card a button is for: a reserve card has no name on it."""
    if not card.printed_name:
        return scene.say(f"{verb}.nameless", **facts)
    return scene.say(f"{verb}.named", name=card.printed_name, **facts)


def _wallet(scene: Scene, lying: list[PrintedCard], *, is_empty: bool) -> Markup:
    free = next((reader.slot for reader in scene.desk.readers if reader.card is None), 0)
    if not lying:
        sentence = scene.say("wallet.empty" if is_empty else "wallet.all_in")
        return join(tag("h2", scene.say("wallet"), class_="label"), tag("p", sentence, class_="quiet"))
    rows = [
        tag(
            "li",
            card_face(scene, card),
            scene.form(
                "/insert",
                tag("input", type="hidden", name="reader", value=str(free)),
                tag(
                    "button",
                    drawing.icon("in"),
                    tag("span", scene.say("insert"), aria_hidden="true"),
                    tag(
                        "span",
                        _named(scene, "insert", card, tail=card.card_number[-4:]),
                        class_="sr-only",
                    ),
                    class_="button line small",
                    name="card",
                    value=card.card_number,
                ),
            ),
        )
        for card in lying
    ]
    return join(tag("h2", scene.say("wallet"), class_="label"), tag("ul", rows, class_="wallet"))


def _unprinted(card_number: str) -> PrintedCard:
    return PrintedCard(
        card_number=card_number,
        printed_name="",
        organization_name="",
        product_name="",
        product_code="",
        valid_until="",
    )
