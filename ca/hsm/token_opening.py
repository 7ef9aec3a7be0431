"""Opens the token: loads the module, finds the slot by the token's label, logs in; makes a new token."""

from collections.abc import Iterable

import PyKCS11

from ca.hsm import login_count
from ca.hsm.configuration import TokenConfiguration, write_softhsm_configuration
from ca.hsm.encodings import text
from ca.hsm.faults import Remedy, TokenAbsent, TokenFault
from ca.hsm.token_session import TokenSession, fault_of, type_handle


def open_session(configuration: TokenConfiguration) -> TokenSession:
    """Load the module, find the token by its label (slot numbers change), log in.

    Raises ``TokenAbsent``, ``PinRefused`` (never to be retried with the same PIN) or ``TokenFault``.
    """
    library = _load(configuration)
    try:
        slot = _slot_of(library, configuration.label)
        session = library.openSession(slot, PyKCS11.CKF_SERIAL_SESSION | PyKCS11.CKF_RW_SESSION)
        login_count.begin_login(configuration)
        try:
            _log_in(session, configuration.pin())
        finally:
            login_count.end_login(configuration)
        mechanisms = frozenset(_mechanism_numbers(library.getMechanismList(slot)))
    except PyKCS11.PyKCS11Error as error:
        library.unload()
        raise fault_of(error, "opening the token") from error
    except TokenFault:
        library.unload()
        raise
    return TokenSession(library, slot, session, mechanisms)


def initialize_token(configuration: TokenConfiguration, *, so_pin: str) -> None:
    """Make a new token with the configured label and PIN in the first free slot.

    Raises ``TokenFault``, also when a token with that label is there: nothing is ever overwritten.
    """
    library = _load(configuration)
    try:
        slots = list(library.getSlotList(tokenPresent=False))
        if any(text(library.getTokenInfo(slot).label) == configuration.label for slot in slots):
            msg = f"a token labeled {configuration.label} is there already"
            raise TokenFault(msg, remedy_for=Remedy.NONE)
        free = [s for s in slots if not library.getTokenInfo(s).flags & PyKCS11.CKF_TOKEN_INITIALIZED]
        if not free:
            msg = "no slot holds a token that is not yet initialized"
            raise TokenFault(msg, remedy_for=Remedy.NONE)
        # PyKCS11 pads with NUL, PKCS#11 asks for blanks.
        library.initToken(free[0], so_pin, configuration.label.ljust(32))
        session = library.openSession(
            _slot_of(library, configuration.label), PyKCS11.CKF_SERIAL_SESSION | PyKCS11.CKF_RW_SESSION
        )
        session.login(so_pin, PyKCS11.CKU_SO)
        session.initPin(configuration.pin())
        session.logout()
        session.closeSession()
    except PyKCS11.PyKCS11Error as error:
        raise fault_of(error, "initializing the token") from error
    finally:
        library.unload()


def _load(configuration: TokenConfiguration) -> type_handle:
    if configuration.is_file_token:
        write_softhsm_configuration(
            tokens=configuration.tokens, file=configuration.run / f"softhsm2-{configuration.home.name}.conf"
        )
    library = PyKCS11.PyKCS11Lib()
    try:
        library.load(str(configuration.module))
    except PyKCS11.PyKCS11Error as error:
        msg = f"the PKCS#11 module {configuration.module} cannot be loaded"
        raise TokenFault(msg, ckr=error.value) from error
    return library


def _slot_of(library: type_handle, label: str) -> int:
    for slot in library.getSlotList(tokenPresent=True):
        if text(library.getTokenInfo(slot).label) == label:
            return int(slot)
    msg = f"no token labeled {label} is present"
    raise TokenAbsent(msg, ckr=0xE0)


def _log_in(session: type_handle, pin: str) -> None:
    try:
        session.login(pin)
    except PyKCS11.PyKCS11Error as error:
        # A login holds for the process: being logged in already is what was wanted.
        if error.value != PyKCS11.CKR_USER_ALREADY_LOGGED_IN:
            raise


def _mechanism_numbers(names: Iterable[int | str]) -> Iterable[int]:
    for name in names:
        number = PyKCS11.CKM.get(name, name) if isinstance(name, str) else name
        if isinstance(number, int):
            yield number
