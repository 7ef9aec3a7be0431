"""One SOAP operation of a register: asks within bounds, and trusts no byte of the answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from lxml import etree
from zeep import Client
from zeep import Settings as ZeepSettings
from zeep.exceptions import Error as ZeepError
from zeep.exceptions import Fault
from zeep.plugins import Plugin
from zeep.transports import Transport

from directory.bounded_http import Caller, Endpoint
from directory.errors import RegisterUnavailable

_ENVELOPE = "{http://schemas.xmlsoap.org/soap/envelope/}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """The parts of an HTTP response that zeep reads; ``envelope`` is the same answer, parsed."""

    status_code: int
    content: bytes
    envelope: etree._Element
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "text/xml"})
    encoding: str = "utf-8"


class _BoundedTransport(Transport):  # zeep carries no types
    """Zeep's transport over our own bounded calls.

    Zeep's own logs every message at DEBUG, with the personal identity numbers in it.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # zeep carries no types
        self.caller = Caller(endpoint)
        self.register = endpoint.register

    def load(self, url: str) -> bytes:
        """Return one of our own WSDL or XSD files. Raises ``ValueError`` for anything over the network."""
        if "://" in url:
            raise ValueError("service contracts are read from our own files only")
        return Path(url).read_bytes()

    def post(self, address: str, message: bytes, headers: Mapping[str, str]) -> _Answer:
        """Send a question and return the whole answer. Raises ``RegisterUnavailable``."""
        status_code, content = self.caller.call("POST", address, message, headers, may_be_fault=True)
        return _Answer(status_code=status_code, content=content, envelope=parsed(content, self.register))


def parsed(content: bytes, register: str) -> etree._Element:
    """Return the root of an XML document. Raises ``RegisterUnavailable`` for a DTD and for what is no XML."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        # ``from None``: the error quotes the answer, and the answer holds people.
        raise RegisterUnavailable(register=register, reason="malformed", detail="not XML") from None
    if getattr(root.getroottree().docinfo, "doctype", ""):
        raise RegisterUnavailable(register=register, reason="malformed", detail="DTD")
    return root


class _SchemaCheck(Plugin):  # zeep carries no types
    """Refuses an answer that does not follow our schema: zeep alone lets missing elements pass as None."""

    def __init__(self, schema: etree.XMLSchema, register: str) -> None:
        self.schema = schema
        self.register = register

    def ingress(
        self, envelope: etree._Element, http_headers: dict[str, str], operation: object
    ) -> tuple[etree._Element, dict[str, str]]:
        """Check the body of an answer; a fault is left to zeep."""
        del operation
        self.checked(envelope)
        return envelope, http_headers

    def checked(self, envelope: etree._Element) -> etree._Element:
        """Return what the body holds: a fault, or what follows the schema. Raises ``RegisterUnavailable``."""
        body = envelope.find(f"{_ENVELOPE}Body")
        content = None if body is None or not len(body) else body[0]
        if content is None or (content.tag != f"{_ENVELOPE}Fault" and not self.schema.validate(content)):
            raise RegisterUnavailable(register=self.register, reason="malformed", detail="schema")
        return content


class Operation:
    """A published operation at an endpoint. Made once; safe to call from several threads."""

    def __init__(self, *, endpoint: Endpoint, contract: Path, name: str) -> None:
        """Take the contract's path without suffix: the WSDL and its XSD have the same name."""
        self.endpoint = endpoint
        self.name = name
        self._contract = contract

    @cached_property
    def schema(self) -> etree.XMLSchema:
        """The schema of question and answer."""
        return etree.XMLSchema(etree.parse(self._contract.with_suffix(".xsd")))

    @cached_property
    def _check(self) -> _SchemaCheck:
        return _SchemaCheck(self.schema, self.endpoint.register)

    @cached_property
    def _client(self) -> Client:
        return Client(  # type: ignore[no-untyped-call]  # zeep carries no types
            str(self._contract.with_suffix(".wsdl")),
            transport=_BoundedTransport(self.endpoint),
            plugins=[self._check],
            settings=ZeepSettings(forbid_dtd=True, forbid_entities=True, forbid_external=True),
        )

    @cached_property
    def _service(self) -> Any:  # noqa: ANN401 - zeep's proxy, typed by the WSDL at run time
        (binding,) = self._client.wsdl.bindings
        return self._client.create_service(binding, self.endpoint.url)  # type: ignore[no-untyped-call]

    def ask(self, question: Mapping[str, object]) -> Any:  # noqa: ANN401 - as above; callers cast it
        """Send the question and return the parsed body of the answer.

        Raises ``RegisterUnavailable`` for whatever is not a good answer; the caller changes nothing then.
        """
        try:
            return self._service[self.name](**question, _soapheaders=self._headers)
        except Fault as fault:
            detail = str(fault.code or "")[:40]
            raise RegisterUnavailable(
                register=self.endpoint.register, reason="soap_fault", detail=detail
            ) from None
        except (ZeepError, etree.LxmlError, ValueError, ArithmeticError) as error:
            # ``from None``: zeep's errors carry the answer, and the answer carries people.
            raise RegisterUnavailable(
                register=self.endpoint.register, reason="malformed", detail=type(error).__name__
            ) from None

    def read(self, question: Mapping[str, object]) -> etree._Element:
        """Send the question and return the body of the answer as it came, checked against the schema.

        For large answers: zeep's own values cost six times what the elements cost. Raises
        ``RegisterUnavailable`` as ``ask`` does.
        """
        with self._client.settings(raw_response=True):
            answer = self.ask(question)
        content = self._check.checked(answer.envelope)
        if content.tag == f"{_ENVELOPE}Fault":
            code = (content.findtext("faultcode") or "")[:40]
            raise RegisterUnavailable(register=self.endpoint.register, reason="soap_fault", detail=code)
        return content

    def message(self, question: Mapping[str, object]) -> bytes:
        """Return the envelope that ``ask`` would send."""
        message = self._client.create_message(  # type: ignore[no-untyped-call]  # zeep carries no types
            self._service, self.name, **question, _soapheaders=self._headers
        )
        return bytes(etree.tostring(message))

    @property
    def _headers(self) -> dict[str, str]:
        return {"LogicalAddress": self.endpoint.logical_address}
