"""What lies on the desk: readers, cards and open questions; tells its watchers whenever something changes."""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from client.activation import Activation, Step
from client.configuration import Configuration
from client.errors import (
    ClientError,
    NotMe,
    PinBlocked,
    PinNotAllowed,
    ReaderError,
    ServerNotTrusted,
    ServerRefused,
    UnlockRefused,
    UserCancelled,
)
from client.hardware import Hardware, Reader
from client.links import LinkKind, parse_link
from client.login import Login
from client.page.visits import Phase, Visit
from client.pins import rules_for
from client.renewing import Renewal
from client.unlocking import Unlocking
from client.virtual_readers import PrintedCard, VirtualReaders

logger = logging.getLogger(__name__)
LOOK_SECONDS = 0.25
MOST_VISITS = 20
_FINAL = (ServerRefused, ServerNotTrusted, UnlockRefused)


class Desk:
    """Owns the hardware for the page. What it tells are values; what takes time happens in a thread."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._hardware = Hardware(configuration)
        self._virtual = VirtualReaders(configuration)
        self._changed = threading.Condition()
        self._looking = threading.Lock()
        self._version = 1
        self._readers: tuple[Reader, ...] = ()
        self._cards: tuple[PrintedCard, ...] = ()
        self._visits: dict[str, Visit] = {}
        self._puk_troubles: dict[str, ClientError] = {}
        self._ended = threading.Event()
        self._look()
        self._watcher = threading.Thread(target=self._watch, name="readers", daemon=True)
        self._watcher.start()

    def close(self) -> None:
        """Stop watching and let the hardware go."""
        self._ended.set()
        self._watcher.join()
        self._hardware.close()

    # --- what one sees ----------------------------------------------------------------------------

    @property
    def readers(self) -> tuple[Reader, ...]:
        """Return the readers as last looked at."""
        return self._readers

    @property
    def cards(self) -> tuple[PrintedCard, ...]:
        """Return all cards that lie here, in readers or not."""
        return self._cards

    @property
    def has_virtual_readers(self) -> bool:
        """Return whether cards can be put in and taken out by the page."""
        return self._configuration.has_virtual_readers

    @property
    def is_test(self) -> bool:
        """Return whether cards from here are for tests."""
        return self._configuration.is_test

    @property
    def version(self) -> int:
        """Return a number that grows with every change."""
        return self._version

    def visit(self, visit_id: str) -> Visit | None:
        """Return an open question."""
        return self._visits.get(visit_id)

    def puk_trouble(self, card_number: str) -> ClientError | None:
        """Return why the last try to unlock a card by its PUK came to nothing."""
        return self._puk_troubles.get(card_number)

    def wait_for_change(self, *, since: int, seconds: float) -> int:
        """Return the version, as soon as it is another than `since` or the time is out."""
        with self._changed:
            self._changed.wait_for(lambda: self._version != since or self._ended.is_set(), timeout=seconds)
            return self._version

    # --- what one does ----------------------------------------------------------------------------

    def insert(self, card_number: str, *, reader: int) -> None:
        """Put a card into a virtual reader. Raises NoSuchCard, NoSuchReader."""
        self._virtual.insert(card_number, reader=reader)
        self._look()

    def remove(self, *, reader: int) -> None:
        """Take the card out of a virtual reader. Raises NoSuchReader."""
        self._virtual.remove(reader=reader)
        self._look()

    def open(self, address: str, *, language: str) -> Visit:
        """Open the question behind a link, once however often it is asked for. Raises LinkInvalid."""
        fresh = Visit(link=parse_link(address))
        with self._changed:
            for visit in self._visits.values():
                if visit.fingerprint == fresh.fingerprint:
                    return visit
            self._visits[fresh.visit_id] = fresh
            while len(self._visits) > MOST_VISITS:
                self._visits.pop(next(iter(self._visits)))
        self._start(fresh, lambda: self._claim(fresh, language))
        return fresh

    def answer(self, visit: Visit, *, certificate: int, pin: str) -> None:
        """Sign a login with the chosen certificate; does nothing unless the question is asked right now."""
        login = visit.login
        if login and 0 <= certificate < len(visit.choices) and self._begin(visit):
            chosen = visit.chosen = visit.choices[certificate]

            def work() -> None:
                return_url = login.answer(chosen, pin=pin)
                self._set(visit, Phase.DONE, return_url=return_url)

            self._start(visit, work)

    def activate(self, visit: Visit, *, pin: str) -> None:
        """Walk through an activation, or go on with it; does nothing unless it is asked right now."""
        activation = visit.activation
        if activation and self._begin(visit):

            def work() -> None:
                activation.complete(pin, report=lambda step: self._report(visit, step))
                self._set(visit, Phase.DONE)

            self._start(visit, work)

    def unlock_with_puk(self, card_number: str, *, puk: str, pin: str, again: str) -> bool:
        """Give a card a new PIN by the PUK of its letter; tell whether it took it, and keep why not."""
        trouble: ClientError | None = None
        try:
            self._give_pin(card_number, puk=puk, pin=pin, again=again)
        except ClientError as error:
            trouble = error
        except Exception:
            logger.exception("unlocking by PUK ended in a fault")
            trouble = ReaderError("a fault in the client")
        with self._changed:
            self._puk_troubles.pop(card_number, None)
            if trouble is not None:
                self._puk_troubles[card_number] = trouble
        self._look()
        self._tell()
        return trouble is None

    def _give_pin(self, card_number: str, *, puk: str, pin: str, again: str) -> None:
        if again != pin:
            raise PinNotAllowed(rule="differs")
        with self._hardware.card(card_number) as card:
            rules_for(card.certificates()).check(pin)
            card.unlock_with_puk(puk=puk, pin=pin)

    def refuse(self, visit: Visit, error: ClientError) -> None:
        """Show why what was typed cannot be used; no card was asked."""
        with self._changed:
            if visit.phase is Phase.ASKING:
                visit.notice = error
        self._tell()

    def give_up(self, visit: Visit, reason: UserCancelled | NotMe) -> None:
        """End a question because the person says so, and tell the service."""
        if not self._begin(visit):
            return
        self._set(visit, Phase.FAILED, failure=reason)
        self._abort(visit, reason.code)

    def forget(self, visit: Visit) -> None:
        """Put an ended question away."""
        with self._changed:
            if visit.phase in {Phase.DONE, Phase.FAILED}:
                self._visits.pop(visit.visit_id, None)

    # --- how it is done ---------------------------------------------------------------------------

    def _claim(self, visit: Visit, language: str) -> None:
        if visit.link.kind is LinkKind.UNLOCK:
            visit.activation = Unlocking(
                visit.link, configuration=self._configuration, hardware=self._hardware
            )
        elif visit.link.kind is LinkKind.RENEWAL:
            visit.activation = Renewal(visit.link, configuration=self._configuration, hardware=self._hardware)
        elif visit.is_activation:
            visit.activation = Activation(
                visit.link, configuration=self._configuration, hardware=self._hardware, language=language
            )
        else:
            visit.login = Login(visit.link, configuration=self._configuration, hardware=self._hardware)
        self._see_what_hinders(visit)
        self._set(visit, Phase.ASKING)

    def _begin(self, visit: Visit) -> bool:
        """Take the question for one thread; the others find it busy."""
        with self._changed:
            if visit.phase is not Phase.ASKING:
                return False
            visit.phase, visit.notice = Phase.WORKING, None
        self._tell()
        return True

    def _start(self, visit: Visit, work: Callable[[], None]) -> None:
        threading.Thread(target=self._run, args=(visit, work), name="question", daemon=True).start()

    def _run(self, visit: Visit, work: Callable[[], None]) -> None:
        try:
            work()
        except ClientError as error:
            self._fail(visit, error)
        except Exception:
            logger.exception("a question ended in a fault")
            self._fail(visit, ReaderError("a fault in the client"))

    def _fail(self, visit: Visit, error: ClientError) -> None:
        """Ask again for what a person can mend, end the question for what nobody here can."""
        is_claimed = visit.login is not None or visit.activation is not None
        is_over = not is_claimed or isinstance(error, PinBlocked) or self._is_final(visit, error)
        if not is_over:
            self._see_what_hinders(visit)
            self._set(visit, Phase.ASKING, notice=error)
            return
        self._set(visit, Phase.FAILED, failure=error)
        if is_claimed and not isinstance(error, ServerRefused):
            self._abort(visit, error.code)

    @staticmethod
    def _is_final(visit: Visit, error: ClientError) -> bool:
        if visit.is_activation:
            return isinstance(error, _FINAL)
        # An answer that may have reached the service cannot be given twice.
        return isinstance(error, _FINAL) or error.code == "serverUnreachable"

    @staticmethod
    def _abort(visit: Visit, reason: str) -> None:
        if visit.login:
            visit.login.give_up(reason)
        if visit.activation:
            visit.activation.give_up(reason)

    def _report(self, visit: Visit, step: Step) -> None:
        with self._changed:
            visit.step = step
        self._tell()

    def _set(
        self,
        visit: Visit,
        phase: Phase,
        *,
        notice: ClientError | None = None,
        failure: ClientError | None = None,
        return_url: str = "",
    ) -> None:
        with self._changed:
            visit.phase, visit.notice, visit.failure, visit.return_url = phase, notice, failure, return_url
        self._look()
        if phase is Phase.ASKING and visit.seen != (self._readers, self._cards):
            self._see_what_hinders(visit)  # a card came before it was asked: no look went by this visit
        self._tell()

    def _see_what_hinders(self, visit: Visit) -> None:
        """Find out what can be asked with the cards that are in the readers now."""
        hindrance: ClientError | None = None
        choices = visit.choices
        seen = (self._readers, self._cards)
        with self._looking:  # one after the other: what an earlier look saw is never told after a later one's
            try:
                if visit.login:
                    choices = visit.login.choices(at=datetime.now(UTC))
                if visit.activation:
                    visit.activation.check_card()
            except ClientError as error:
                hindrance, choices = error, ()
            with self._changed:
                visit.hindrance, visit.choices, visit.seen = hindrance, choices, seen

    def _watch(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            self._look()

    def _look(self) -> None:
        try:
            readers = self._hardware.readers()
        except ClientError:
            readers = ()
        cards = self._virtual.cards()
        if readers == self._readers and cards == self._cards:
            return
        self._readers, self._cards = readers, cards
        inserted = {reader.card.card_number for reader in readers if reader.card}
        with self._changed:  # a card that comes back begins anew
            self._puk_troubles = {
                number: trouble for number, trouble in self._puk_troubles.items() if number in inserted
            }
        for visit in list(self._visits.values()):
            if visit.phase is Phase.ASKING:
                self._see_what_hinders(visit)
        self._tell()

    def _tell(self) -> None:
        with self._changed:
            self._version += 1
            self._changed.notify_all()
