"""What the client's pages have in common: a field for a code, a big sign, a number as it is printed."""

from client.page import drawing
from client.page.markup import Markup, tag
from client.page.views import Scene


def pin_field(scene: Scene, name: str, *, label: str, help_text: str = "", is_first: bool = False) -> Markup:
    """Return a field for a PIN, six to eight digits, which is shown to nobody."""
    return code_field(
        name,
        label=label,
        help_text=help_text,
        pattern="[0-9]{6,8}",
        title=scene.say("pinNotAllowed.length"),
        is_first=is_first,
    )


def puk_field(scene: Scene) -> Markup:
    """Return the field for the PUK, eight digits: the first that is asked for."""
    return code_field(
        "puk",
        label=scene.say("puk"),
        help_text=scene.say("puk.help"),
        pattern="[0-9]{8}",
        title=scene.say("pinNotAllowed.puk"),
        is_first=True,
    )


def code_field(
    name: str, *, label: str, pattern: str, title: str, help_text: str = "", is_first: bool = False
) -> Markup:
    """Return a field for a code of at most eight digits, which is shown to nobody."""
    return tag(
        "div",
        tag("label", label, for_=name),
        tag(
            "input",
            id=name,
            name=name,
            type="password",
            inputmode="numeric",
            pattern=pattern,
            maxlength="8",
            autocomplete="off",
            required=True,
            autofocus=is_first,
            aria_describedby=f"{name}-help" if help_text else None,
            title=title,
        ),
        tag("small", help_text, id=f"{name}-help") if help_text else None,
        class_="field",
    )


def big_sign(kind: str, sign: str) -> Markup:
    """Return a sign above a heading."""
    return tag("div", drawing.icon(sign), class_=f"big-sign {kind}")


def grouped(number: str) -> str:
    """Return a card number as it is printed, in groups of four that stay on one line."""
    return "\N{NO-BREAK SPACE}".join(number[start : start + 4] for start in range(0, len(number), 4))
