"""The card factory over HTTP: files of orders in, its own out; any other answer is FactoryUnavailable."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Protocol

import requests

from cards.configuration import factory_timeout, factory_url
from cards.errors import BatchContradicted, FactoryUnavailable

_MOST_OCTETS: Final = 4_000_000
_OK: Final = frozenset({200, 201, 202, 204})
_ARRIVED_BEFORE: Final = 409
_UNPROCESSABLE: Final = frozenset({400, 422})
_BUSY: Final = frozenset({429, 503})
_CMS: Final = "application/pkcs7-mime"
_HIGHEST: Final = 2**62


class Delivery(StrEnum):
    """How the factory delivers; the road over Skatteverket needs no address from us."""

    REGISTERED_ADDRESS = "registered_address"
    SKATTEVERKET = "skatteverket"


class CardFactory(Protocol):
    """Whoever makes cards: takes files of orders and gives files about them."""

    def place_batch(self, number: int, message: bytes) -> None:
        """Hand a file of orders over; raises BatchContradicted, FactoryUnavailable."""

    def files_after(self, position: int) -> list[int]:
        """Return the numbers of the files above ``position``; raises FactoryUnavailable."""

    def file(self, number: int) -> bytes:
        """Return one file; raises FactoryUnavailable."""


class LetterFactory(Protocol):
    """Whoever prints PUK letters."""

    def place_letter(self, letter_id: str, message: bytes) -> bytes:
        """Hand an order over and return the signed receipt; raises FactoryUnavailable."""

    def letter(self, letter_id: str) -> bytes:
        """Return the receipt of an order as it is now; raises FactoryUnavailable."""


class Factory:
    """A connection to the factory at ``url``; ``timeout`` is seconds to connect and to read."""

    def __init__(self, *, url: str, timeout: tuple[float, float]) -> None:
        self._url = url
        self._timeout = timeout
        self._session = requests.Session()

    def place_batch(self, number: int, message: bytes) -> None:
        """Hand a file of orders over; again is harmless, the factory answers the same.

        Raises BatchContradicted when the factory has another content under the number, or
        FactoryUnavailable, which says if the file surely did not arrive.
        """
        answer = self._call("PUT", f"/batches/{number}", message=message)
        if answer.status_code == _ARRIVED_BEFORE:
            raise BatchContradicted(number, content_sha256=str(_members(answer).get("content_sha256") or ""))
        if answer.status_code in _UNPROCESSABLE:
            problem = str(_members(answer).get("error") or "unstated")
            raise FactoryUnavailable(f"batch_refused_{problem}"[:64], surely_not_received=True)
        _demand_ok(answer)

    def files_after(self, position: int) -> list[int]:
        """Return the numbers of the files above ``position``, in any order; raises FactoryUnavailable."""
        answer = self._call("GET", f"/files?after={position}")
        _demand_ok(answer)
        files = _members(answer).get("files")
        if not isinstance(files, list) or not all(_is_number(one) for one in files):
            raise FactoryUnavailable("malformed_answer", surely_not_received=False)
        return [int(one) for one in files if int(one) > position]

    def file(self, number: int) -> bytes:
        """Return one file as it was signed; raises FactoryUnavailable."""
        answer = self._call("GET", f"/files/{number}")
        _demand_ok(answer)
        return answer.content

    def place_letter(self, letter_id: str, message: bytes) -> bytes:
        """Hand the order of a letter over and return the signed receipt, which also refuses.

        Again is harmless: who has the order answers with what it has. Raises FactoryUnavailable.
        """
        answer = self._call("PUT", f"/letters/{letter_id}", message=message)
        if answer.status_code in _UNPROCESSABLE:
            problem = str(_members(answer).get("error") or "unstated")
            raise FactoryUnavailable(f"letter_refused_{problem}"[:64], surely_not_received=True)
        _demand_ok(answer)
        return answer.content

    def letter(self, letter_id: str) -> bytes:
        """Return the receipt of a letter as it is now; raises FactoryUnavailable."""
        answer = self._call("GET", f"/letters/{letter_id}")
        _demand_ok(answer)
        return answer.content

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _call(
        self,
        method: str,
        path: str,
        *,
        message: bytes | None = None,
    ) -> requests.Response:
        try:
            answer = self._session.request(
                method,
                f"{self._url}{path}",
                data=message,
                headers={"Content-Type": _CMS} if message is not None else None,
                timeout=self._timeout,
                allow_redirects=False,
            )
        except requests.ConnectTimeout as error:
            raise FactoryUnavailable("connect_timeout", surely_not_received=True) from error
        except requests.Timeout as error:
            raise FactoryUnavailable("timeout", surely_not_received=False) from error
        except requests.ConnectionError as error:
            refused = "NewConnectionError" in repr(error)
            problem = "connection_refused" if refused else "connection_lost"
            raise FactoryUnavailable(problem, surely_not_received=refused) from error
        except requests.RequestException as error:
            raise FactoryUnavailable("malformed_answer", surely_not_received=False) from error
        if len(answer.content) > _MOST_OCTETS:
            raise FactoryUnavailable("answer_too_large", surely_not_received=False)
        return answer


def _demand_ok(answer: requests.Response) -> None:
    if answer.status_code in _OK:
        return
    raise FactoryUnavailable(
        f"http_{answer.status_code}",
        surely_not_received=answer.status_code in _BUSY,
    )


def connect() -> Factory:
    """Return a connection to the factory that the settings name."""
    return Factory(url=factory_url(), timeout=factory_timeout())


def _members(answer: requests.Response) -> Mapping[str, object]:
    """Return what a JSON answer says; raises FactoryUnavailable for any other."""
    try:
        members = answer.json()
    except requests.JSONDecodeError as error:
        raise FactoryUnavailable("malformed_answer", surely_not_received=False) from error
    if not isinstance(members, dict):
        raise FactoryUnavailable("malformed_answer", surely_not_received=False)
    return members


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _HIGHEST
