"""What a fault does to an answer: elements taken out or changed, bytes cut, swollen or replaced."""

import re
from collections.abc import Callable

from lxml import etree

from directory.simulators.faults import Fault

_SWOLLEN = 30_000_000


def spoilt(answer: etree._Element, fault: Fault) -> etree._Element:
    """Return the answer with its content as the fault has it; a fault of another sort leaves it alone."""
    match fault.kind:
        case "empty":
            return _knows_nobody(answer)
        case "partial" if len(answer) and not answer.tag.endswith("GetFilesForOrderIdResponse"):
            answer.remove(answer[-1])
        case "swapped":
            _swap(answer)
        case "renamed":
            _each(answer, ("surname", "middleAndSurName"), lambda text: f"{text} Ändrad")
        case "dead":
            _bury(answer)
        case "unready" if answer.tag.endswith("GetFilesForOrderIdResponse"):
            for child in list(answer):
                answer.remove(child)
    return answer


def spoilt_bytes(content: bytes, fault: Fault) -> bytes:
    """Return the bytes of an XML document as the fault has them."""
    match fault.kind:
        case "malformed":
            return content[: len(content) // 2]
        case "garbage":
            return b"<html><body>Server Error in '/' Application.</body></html>\x00\xff" + content[::-1][:200]
        case "huge":
            return re.sub(rb"(<soap:Body>)", rb"\1" + b" " * _SWOLLEN, content, count=1)
        case "entities":
            declaration, _, rest = content.partition(b"?>")
            return declaration + b'?>\n<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>' + rest
        case "invalid":
            return content.replace(b"middleAndSurName", b"surName").replace(b"testIndicator", b"isTest")
    return content


def written(root: etree._Element) -> bytes:
    """Return an element as a document."""
    return bytes(etree.tostring(root, xml_declaration=True, encoding="utf-8"))


def _knows_nobody(answer: etree._Element) -> etree._Element:
    """Return the answer of a register that has lost its people and does not know it."""
    for record in list(answer):
        persons = record.findall("{*}personRecord")
        if record.tag.endswith("requestedPersonRecord"):
            for person in persons:
                record.remove(person)
        else:
            answer.remove(record)
    return answer


def _swap(answer: etree._Element) -> None:
    """Put somebody else's identity into each record."""
    for tag in ("personHsaId", "personalIdentity"):
        for element in answer.iter(f"{{*}}{tag}"):
            target = element[-1] if len(element) else element
            target.text = (target.text or "")[:-1] + "X"


def _each(answer: etree._Element, tags: tuple[str, ...], change: Callable[[str], str]) -> None:
    for tag in tags:
        for element in answer.iter(f"{{*}}{tag}"):
            element.text = change(element.text or "")


def _bury(answer: etree._Element) -> None:
    """Say of everybody that they have died."""
    for record in list(answer.iter("{*}personRecord")):
        space = str(record[0].tag).partition("}")[0] + "}"
        for gone in ("addressInformation", "populationRegistrationLocality", "deregistration"):
            for element in record.findall(f"{space}{gone}"):
                record.remove(element)
        after = [child for child in record if str(child.tag).rpartition("}")[2] in _BEFORE_DEREGISTRATION]
        element = etree.Element(f"{space}deregistration")
        etree.SubElement(element, f"{space}deregistrationReasonCode").text = "AV"
        after[-1].addnext(element)


_BEFORE_DEREGISTRATION = frozenset(
    {"primaryIdentity", "version", "name", "linkedIdentity", "referredPersonalIdentities", "birth"}
)
