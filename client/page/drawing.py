"""The drawings: the mark, a reader, a card's chip, icons; SVG in the page, coloured by its stylesheet."""

from client.page.markup import Markup, join, tag

_ICONS = {
    "check": '<path d="m4 10.5 4 4 8-9"/>',
    "cross": '<path d="m5 5 10 10M15 5 5 15"/>',
    "lock": '<rect x="4" y="9" width="12" height="8" rx="1.5"/><path d="M7 9V6.5a3 3 0 0 1 6 0V9"/>',
    "alert": '<path d="M10 3 2.5 16.5h15L10 3Z"/><path d="M10 8v4M10 14.3v.2"/>',
    "card": '<rect x="2.5" y="4.5" width="15" height="11" rx="1.8"/><path d="M2.5 8.5h15M5.5 12.5h4"/>',
    "clock": '<circle cx="10" cy="10" r="7"/><path d="M10 6v4.2l2.8 1.8"/>',
    "hand": '<circle cx="10" cy="10" r="7.2"/><path d="m5 5 10 10"/>',
    "mail": '<rect x="2.5" y="4.5" width="15" height="11" rx="1.5"/><path d="m3 6 7 5 7-5"/>',
    "in": '<path d="M10 3v9M6.5 8.5 10 12l3.5-3.5M4 16.5h12"/>',
    "out": '<path d="M10 12V3M6.5 6.5 10 3l3.5 3.5M4 16.5h12"/>',
}


_HIDDEN = 'aria-hidden="true" focusable="false"'


def icon(name: str, css: str = "") -> Markup:
    """Return a 20 px line icon that a screen reader passes over."""
    return Markup(f'<svg class="icon {css}" viewBox="0 0 20 20" {_HIDDEN}>{_ICONS[name]}</svg>')


def chip() -> Markup:
    """Return the contacts of a chip (ISO/IEC 7816-2, freely)."""
    return Markup(
        '<svg class="chip" viewBox="0 0 46 36" aria-hidden="true" focusable="false">'
        '<rect x=".75" y=".75" width="44.5" height="34.5" rx="6"/>'
        '<path d="M.75 12h13M.75 24h13M32.25 12h13M32.25 24h13M14 .75v10.5a4 4 0 0 0 4 4h10a4 4 0 0 0 4-4V.75'
        'M14 35.25v-10.5a4 4 0 0 1 4-4h10a4 4 0 0 1 4 4v10.5"/></svg>'
    )


def silhouette() -> Markup:
    """Return the place of the photograph."""
    return Markup(
        '<svg class="photo" viewBox="0 0 60 76" aria-hidden="true" focusable="false">'
        '<rect width="60" height="76" rx="5"/><circle cx="30" cy="30" r="12"/>'
        '<path d="M8 76c0-17 9-27 22-27s22 10 22 27Z"/></svg>'
    )


def reader_front(*, is_lit: bool) -> Markup:
    """Return the front of a reader, which hides the lower part of a card that is in it."""
    lamp = "lamp on" if is_lit else "lamp"
    return Markup(
        f'<svg class="front" viewBox="0 0 340 84" {_HIDDEN}>'
        '<ellipse class="shadow" cx="170" cy="77" rx="152" ry="6"/>'
        '<path class="body" d="M16 8h308a12 12 0 0 1 12 13l-5 46a10 10 0 0 1-10 9H19a10 10 0 0 1-10-9L4 21'
        'a12 12 0 0 1 12-13Z"/>'
        '<rect class="mouth" x="24" y="3" width="292" height="10" rx="5"/>'
        '<path class="edge" d="M18 25h304"/>'
        f'<circle class="{lamp}" cx="170" cy="51" r="5"/></svg>'
    )


def mark() -> Markup:
    """Return the red seal."""
    return tag("span", class_="mark", aria_hidden="true")


def steps_mark(state: str) -> Markup:
    """Return the sign beside a step: done, now or todo."""
    if state == "done":
        return icon("check")
    return join(tag("span", class_="spinner", aria_hidden="true")) if state == "now" else Markup("")
