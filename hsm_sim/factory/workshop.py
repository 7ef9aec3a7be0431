"""Personalizes a blank chip and, when it is shipped, moves the finished card to where cards lie."""

import json
import os
import shutil
from pathlib import Path

import PyKCS11

from hsm_sim.factory.ledger import Job
from hsm_sim.factory.numbers import admin_key

PARTS = ("counters", "copies", "tokens")  # the token last: without it the card is not there
SCRAPS = ("locks", "damaged")


class CardSpoiled(Exception):
    """The chip could not be personalized; the message is the module's."""


class Workshop:
    """One work station with one reader; belongs to one thread. Cards lie in `cards` when shipped."""

    def __init__(self, *, folder: Path, cards: Path, module: Path, master_key: bytes) -> None:
        self._folder = folder
        self._cards = cards
        self._master_key = master_key
        self._reader = folder / "readers" / "0"
        self._reader.parent.mkdir(parents=True, exist_ok=True)
        self._put_in_reader("")
        # The module reads its places from the environment when it is initialized.
        os.environ["SIGILL_CARDS"] = str(folder)
        os.environ["SIGILL_READERS"] = str(self._reader.parent)
        self._library = PyKCS11.PyKCS11Lib()
        self._library.load(str(module))

    def personalize(self, job: Job) -> None:
        """Give a blank chip its number, admin key and PUK; no PIN. Starts over if it was interrupted before.

        Raises CardSpoiled.
        """
        number, puk = _codes(job)
        self._discard(number)
        (self._folder / "tokens" / number).mkdir(parents=True)
        key = admin_key(self._master_key, number)
        self._put_in_reader(number)
        try:
            self._library.initToken(0, key, number.ljust(32))
            session = self._library.openSession(0, PyKCS11.CKF_SERIAL_SESSION | PyKCS11.CKF_RW_SESSION)
            session.login(key, PyKCS11.CKU_SO)
            session.setPin(key, puk)
            session.logout()
            session.closeSession()
        except PyKCS11.PyKCS11Error as error:
            raise CardSpoiled(str(error)) from error
        finally:
            self._put_in_reader("")
            self._library.getSlotList(tokenPresent=True)  # the reader is looked at: the chip is let go

    def ship(self, job: Job) -> None:
        """Move the card to where cards lie, its description last; may be repeated after an interruption."""
        number, _ = _codes(job)
        description = self._cards / f"{number}.json"
        if description.exists():
            return
        for part in PARTS:
            source, target = self._folder / part / number, self._cards / part / number
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if source.exists():
                source.replace(target)
        _write_durably(
            description,
            {
                "card_number": number,
                "printed_name": job.printed_name,
                "organization_name": job.organization_name,
                "back_text": job.back_text,
                "issuer_number": job.issuer_number,
                "logo_png": job.logo_png,
                "product_code": job.product_code,
                "product_name": job.product_name,
                "valid_until": job.valid_until,
                **{
                    name: picture
                    for name, picture in (
                        ("photo_jpeg", job.photo_jpeg),
                        ("signature_png", job.signature_png),
                    )
                    if picture
                },
            },
        )

    def _discard(self, number: str) -> None:
        for part in (*PARTS, *SCRAPS):
            place = self._folder / part / number
            if place.is_dir():
                shutil.rmtree(place)
            else:
                place.unlink(missing_ok=True)

    def _put_in_reader(self, number: str) -> None:
        fresh = self._reader.with_name(f".{self._reader.name}")
        fresh.write_text(number)
        fresh.replace(self._reader)


def _codes(job: Job) -> tuple[str, str]:
    if job.card_number is None or job.puk is None:
        raise CardSpoiled("the order has no card number")
    return job.card_number, job.puk


def _write_durably(path: Path, members: dict[str, str]) -> None:
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(members, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
