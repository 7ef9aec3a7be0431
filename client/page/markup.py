"""HTML as values: whatever is not markup is escaped when it becomes part of it."""

from collections.abc import Iterable
from html import escape

_VOID = frozenset({"br", "hr", "input", "link", "meta", "img"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(
    element: str, /, *content: str | Markup | Iterable[str | Markup] | None, **attributes: str | bool | None
) -> Markup:
    """Return an element. In attribute names a trailing _ is dropped and _ is -; True gives a bare one."""
    parts = [f"<{element}"]
    for key, value in attributes.items():
        spelled = key.rstrip("_").replace("_", "-")
        if value is True:
            parts.append(f" {spelled}")
        elif value is not None and value is not False:
            parts.append(f' {spelled}="{escape(str(value))}"')
    parts.append(">")
    if element not in _VOID:
        parts.extend((join(*content), f"</{element}>"))
    return Markup("".join(parts))


def join(*content: str | Markup | Iterable[str | Markup] | None) -> Markup:
    """Return the pieces one after the other, each escaped unless it is markup."""
    parts: list[str] = []
    for piece in content:
        match piece:
            case None:
                continue
            case Markup():
                parts.append(piece)
            case str():
                parts.append(escape(piece))
            case _:
                parts.append(join(*piece))
    return Markup("".join(parts))
