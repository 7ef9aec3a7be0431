"""Writes XML elements of one namespace: text, children and attributes in one call."""

from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree


@dataclass(frozen=True, slots=True)
class Elements:
    """Makes elements of ``namespace``, shown with ``prefix`` (None: the default namespace)."""

    namespace: str
    prefix: str | None = None

    def __call__(
        self, tag: str, *content: etree._Element | str, attributes: Mapping[str, str] | None = None
    ) -> etree._Element:
        """Return an element with the text or the children given."""
        element = etree.Element(
            f"{{{self.namespace}}}{tag}",
            attrib=dict(attributes or {}),
            nsmap={self.prefix: self.namespace},  # type: ignore[dict-item]  # the stubs do not know None
        )
        for part in content:
            if isinstance(part, str):
                element.text = part
            else:
                element.append(part)
        return element
