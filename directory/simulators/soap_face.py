"""The SOAP operations of both registers: reads a question, checks it against the contract, answers."""

from collections.abc import Callable
from pathlib import Path

from lxml import etree

from directory.simulators import hsa, orders, pu
from directory.simulators.orders import OrderBook, OrderRefused
from directory.simulators.people import Registers

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_CONTRACTS = Path(__file__).parent.parent / "contracts"
_ADDRESS = f"{{{SOAP}}}Header/{{urn:riv:itintegration:registry:1}}LogicalAddress"
Answerer = Callable[[etree._Element, Registers], etree._Element]  # noqa: SLF001 - lxml's only name for it
_OPERATIONS: dict[str, dict[str, tuple[str, Answerer | None]]] = {
    "hsa": {
        f"{{{hsa.EMPLOYEE_RESPONDER}}}GetEmployeeIncludingProtectedPerson": (
            "hsa/get_employee_4.xsd",
            hsa.get_employee,
        ),
        f"{{{hsa.AUTHORIZATION_RESPONDER}}}GetAdminCredentialsForPersonIncludingProtectedPerson": (
            "hsa/get_admin_credentials_2.xsd",
            hsa.get_admin_credentials,
        ),
    },
    "pu": {
        f"{{{pu.RESPONDER}}}GetPersonsForProfile": (
            "pu/get_persons_for_profile_5.xsd",
            pu.get_persons_for_profile,
        ),
        f"{{{pu.UNRESTRICTED_RESPONDER}}}GetPersonsForProfileUnrestricted": (
            "pu/get_persons_for_profile_unrestricted_5.xsd",
            pu.get_persons_for_profile_unrestricted,
        ),
        f"{{{orders.FILES_RESPONDER}}}GetFilesForOrderId": ("pu/get_files_for_order_id_4.xsd", None),
    },
}


class Rejected(Exception):
    """The question is not one that the register answers: a SOAP fault."""


class SoapFace:
    """Answers questions; made once, safe to use from several threads."""

    def __init__(self, book: OrderBook) -> None:
        self._book = book
        self._schemas = {
            name: etree.XMLSchema(etree.parse(_CONTRACTS / name))
            for operations in _OPERATIONS.values()
            for name, _ in operations.values()
        }

    def answer(self, register: str, body: bytes, registers: Registers, *, base: str) -> etree._Element:
        """Return the content of the answer. ``base`` is our own address. Raises ``Rejected``."""
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        try:
            envelope = etree.fromstring(body, parser)
        except etree.XMLSyntaxError as error:
            raise Rejected("not XML") from error
        content = envelope.find(f"{{{SOAP}}}Body")
        question = content[0] if content is not None and len(content) else None
        if question is None or question.tag not in _OPERATIONS[register]:
            raise Rejected("no such operation")
        schema, answerer = _OPERATIONS[register][question.tag]
        if not self._schemas[schema].validate(question):
            raise Rejected("the question does not follow the contract")
        if not envelope.findtext(_ADDRESS):
            raise Rejected("no logical address")
        try:
            if answerer is None:
                return self._book.get_files(question, base)
            return answerer(question, registers)
        except pu.TooMany as error:
            raise Rejected("more than 500 numbers") from error
        except OrderRefused as error:
            raise Rejected(str(error)) from error


def in_envelope(content: etree._Element) -> etree._Element:
    """Return an answer in its envelope."""
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP})
    etree.SubElement(envelope, f"{{{SOAP}}}Body").append(content)
    return envelope


def soap_fault(code: str, text: str) -> bytes:
    """Return a whole SOAP fault."""
    fault = etree.Element(f"{{{SOAP}}}Fault", nsmap={"soap": SOAP})
    etree.SubElement(fault, "faultcode").text = f"soap:{code}"
    etree.SubElement(fault, "faultstring").text = text
    return bytes(etree.tostring(in_envelope(fault)))
