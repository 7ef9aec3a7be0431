"""The main job step by step: from an empty token to a card that was blocked and seen blocked everywhere."""

import json
import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import requests
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from client import flows
from client.configuration import Configuration, configuration_from_environment
from client.hardware import Hardware
from client.virtual_readers import VirtualReaders
from deploy.demo import status_asking
from deploy.demo.browser import Browser, Page
from deploy.demo.cast import ALVA, DAMAGED, ENDS_SOON, FIRST_CARDS, HOLDER, Member
from deploy.demo.filing import Filing
from deploy.demo.functions import order_function_certificates
from deploy.demo.reserve import BoxBeingMade
from deploy.demo.signing import signed, start_link
from deploy.demo.status_asking import Question
from deploy.demo.telling import Teller
from deploy.processes import Installation
from deploy.serve import manage

WAIT_SECONDS = 60.0
LOST = "lost_or_stolen"
IDENTITY_DOCUMENT = {
    "method": "visit",
    "document_kind": "driving_licence",
    "document_number": "830830990801",
    "document_valid_to": "2031-05-31",
}


class DemoFailed(Exception):
    """A step did not give what it must; the message says what came instead."""


@dataclass(slots=True)
class MainJob:
    """One run: where the installation is, and what was made so far."""

    place: Installation
    teller: Teller
    filing: Filing
    holder_card: str = ""
    holder_url: str = ""
    api_token: str = ""
    seconds_to_revoked: float = 0.0
    issuer_chain: list[x509.Certificate] = field(default_factory=list)

    @property
    def portal(self) -> str:
        """Return the portal's address."""
        return f"http://127.0.0.1:{self.place.portal_port}"

    @property
    def ocsp(self) -> str:
        """Return the OCSP responder's address."""
        return f"http://127.0.0.1:{self.place.status_port}/ocsp"

    @property
    def client(self) -> str:
        """Return the address of the card client's page."""
        return f"http://127.0.0.1:{self.place.client_port}"

    @property
    def configuration(self) -> Configuration:
        """Return how the card client finds the virtual cards and the portal."""
        return configuration_from_environment(server=f"{self.portal}/c/v1/")

    # --- 1. People and their first cards --------------------------------------------------------------

    def people(self) -> None:
        """Read both registers and give the administrators their roles."""
        with self.teller.step("People and organizations from HSA and PU over SOAP") as step:
            told = [
                manage("sync", "hsa", "--pause-milliseconds", "0").strip().splitlines()[-1],
                manage("sync", "pu").strip().splitlines()[-1],
            ]
            manage("bootstrap_roles")
            step.say(" · ".join(told))
            step.check(".venv/bin/python manage.py sync pu")

    def first_cards(self) -> None:
        """Get the administrators their cards, each activated with a PIN of its own."""
        with self.teller.step(f"The card factory makes {len(FIRST_CARDS)} first cards") as step:
            named = [f"--hsa-id={member.hsa_id}" for member in FIRST_CARDS]
            lines = (
                manage("first_card", *named, f"--month-for={ENDS_SOON.hsa_id}")
                .strip()
                .splitlines()[-len(FIRST_CARDS) :]
            )
            step.check(".venv/bin/python -m client cards")
        for member, made in zip(FIRST_CARDS, map(json.loads, lines), strict=True):
            with self.teller.step(f"{member.name} activates theirs with a PIN of their own") as step:
                if made["url"]:
                    flows.activate(made["url"], new_pin=member.pin, configuration=self.configuration)
                self.filing.person(member, made["card_number"])
                step.say(f"card {grouped(made['card_number'])}, PIN {member.pin}")
                step.check(looked_at(made["card_number"]))

    # --- 2. Login -------------------------------------------------------------------------------------

    def log_in(self, member: Member, card_number: str) -> tuple[Browser, Page]:
        """Log in as a person does: start in the portal, PIN in the client, back in the same browser."""
        browser = Browser(self.portal)
        login = browser.open("/login/")
        started = browser.submit(login, action="/login/oob/start")
        link = start_link(started)
        back = flows.log_in(link, pin=member.pin, card_number=card_number, configuration=self.configuration)
        return browser, browser.open(back)

    def administrator(self) -> Browser:
        """Log Alva in as ID administrator and return her browser."""
        card = str(next(item["card_number"] for item in self.filing.people if item["hsa_id"] == ALVA.hsa_id))
        with self.teller.step("Alva logs in with her card, out of band on the same device") as step:
            browser, page = self.log_in(ALVA, card)
            if page.path == "/role/":
                page = browser.submit(page, chosen_role(page))
            if page.path != "/":
                raise DemoFailed(f"Alva landed at {page.path}: {page.complaint()}")
            step.say(f"ID administrator at {ALVA.organization}")
            step.check(f"open {self.portal}/login/ in a browser; PIN {ALVA.pin}")
        return browser

    # --- 3. Order, production, activation -------------------------------------------------------------

    def order(self, browser: Browser) -> None:
        """Find the holder by personal number, order a card and wait for the factory."""
        with self.teller.step(f"{ALVA.name.split()[0]} orders a card for {HOLDER.name}") as step:
            start = browser.open("/")
            person = browser.submit(start, {"q": HOLDER.number}, action="/people/search/")
            self.holder_url = person.path
            choose = browser.open(f"{self.holder_url}order/")
            confirm = browser.submit(choose, {"product": "7C1"}, button=("step", "confirm"))
            placed = browser.submit(confirm, button=("step", "place"))
            if "/orders/" not in placed.path:
                raise DemoFailed(f"the order was not placed: {placed.complaint()}")
            step.say("service card without photo, level of assurance 3")
            step.check(f"open {self.portal}{self.holder_url} in Alva's browser")
        with self.teller.step("The card factory produces and ships it") as step:
            activate = self._await_link(browser, self.holder_url, "/activate/")
            step.say("no PIN on it yet: nobody can use it before it is activated")
            factory = f"http://127.0.0.1:{self.place.factory_port}"
            root = os.path.relpath(self.place.home / "public" / "root.pem")
            verify = f"openssl cms -verify -inform DER -purpose any -CAfile {root}"
            step.check(f"curl -s {factory}/files/1 | {verify}")
        with self.teller.step(
            "Identity check, signed by Alva's card; keys and certificates on the new card, receipt"
        ) as step:
            form = browser.open(activate)
            steps = [str(value) for value in form.document.xpath("//input[@name='steps']/@value")]
            asked = browser.submit(form, {**IDENTITY_DOCUMENT, "steps": steps}, button=("act", "open"))
            opened = signed(
                browser,
                asked,
                pin=ALVA.pin,
                card_number=self._card_of(ALVA),
                configuration=self.configuration,
            )
            done = flows.activate(start_link(opened), new_pin=HOLDER.pin, configuration=self.configuration)
            self.holder_card = done.card_number
            self.filing.person(HOLDER, done.card_number)
            step.say(f"card {grouped(done.card_number)} is active, PIN {HOLDER.pin}")
            step.check(looked_at(done.card_number))

    @staticmethod
    def _await_link(browser: Browser, address: str, part: str) -> str:
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            page = browser.open(address)
            links = [str(link) for link in page.document.xpath("//main//a/@href") if part in link]
            if links:
                return links[0]
            time.sleep(0.2)
        raise DemoFailed(f"{address} never offered {part}: {page.complaint()}")

    def reserve_cards(self, box: BoxBeingMade) -> None:
        """Put a box of reserve cards in stock, so that there is something to hand out."""
        with self.teller.step(
            f"A box of reserve cards in sealed envelopes at a place of {ALVA.organization}"
        ) as step:
            step.say(box.receive(ALVA.hsa_id.partition("-")[0] + "-0001"))
            step.check(f"open {self.portal}/stock/; the envelopes' codes: {os.path.relpath(box.envelopes)}")

    # --- 4. Use and status ----------------------------------------------------------------------------

    def holder_logs_in(self) -> None:
        """Show that the new card opens the door."""
        with self.teller.step(f"{HOLDER.name} logs in with the new card") as step:
            _, page = self.log_in(HOLDER, self.holder_card)
            step.say(f"identified at level 3; no role, so the portal shows: {page.text('//h1')}")
            step.check(
                f"open {self.portal}/login/ in a browser; PIN {HOLDER.pin}, until the card is blocked below"
            )

    def file_cards(self) -> None:
        """Read both cards' certificates from the cards themselves and keep them for outside programs."""
        for name, number in (("card-revoked", self.holder_card), ("card-good", self._card_of(ALVA))):
            leaf = self._certificate_on(number)
            self._file(name, leaf, expected="good")

    def _card_of(self, member: Member) -> str:
        return str(
            next(item["card_number"] for item in self.filing.people if item["hsa_id"] == member.hsa_id)
        )

    def _certificate_on(self, card_number: str) -> x509.Certificate:
        VirtualReaders(self.configuration).insert(card_number, reader=0)
        hardware = Hardware(self.configuration)
        try:
            found = [item for item in hardware.certificates() if item.card_number == card_number]
        finally:
            hardware.close()
        if not found:
            raise DemoFailed(f"card {card_number} shows no certificate")
        return x509.load_der_x509_certificate(found[0].certificate_der)

    def _file(self, name: str, leaf: x509.Certificate, *, expected: str, has_key: bool = False) -> Question:
        ocsp_url, crl_url, aia_url = status_asking.addresses(leaf)
        chain = [leaf, *self._chain_above(leaf)]
        if name == "card-good":
            self.issuer_chain = chain[1:]
        self.filing.certificate(
            name, chain, expected=expected, crl_url=crl_url, aia_url=aia_url, has_key=has_key
        )
        for issuer in chain[1:-1]:
            _, crl_url, aia_url = status_asking.addresses(issuer)
            self.filing.addresses["crl"].add(crl_url)
            self.filing.addresses["aia"].add(aia_url)
        return Question(certificate=leaf, issuer=chain[1], url=ocsp_url)

    @staticmethod
    def _chain_above(leaf: x509.Certificate) -> list[x509.Certificate]:
        """Follow caIssuers from the certificate to the root, as a relying service may."""
        chain, current = [], leaf
        while current.issuer != current.subject:
            *_, address = status_asking.addresses(current)
            answer = requests.get(address, timeout=10)
            answer.raise_for_status()
            current = x509.load_der_x509_certificate(answer.content)
            chain.append(current)
        return chain

    def question(self, name: str) -> Question:
        """Return the OCSP question about a filed certificate."""
        item = next(item for item in self.filing.certificates if item["name"] == name)
        return Question(
            certificate=self._loaded(str(item["certificate"])),
            issuer=self._loaded(str(item["issuer"])),
            url=self.ocsp,
        )

    def _loaded(self, path: str) -> x509.Certificate:
        return x509.load_pem_x509_certificate((self.place.home / path).read_bytes())

    def ask_openssl(self, name: str, expected: str) -> None:
        """Let openssl ask OCSP and check its word."""
        with self.teller.step(f"openssl ocsp about {name}") as step:
            arguments = self._asked(name)
            said = openssl(arguments)
            if f"{name}.pem: {expected}" not in said or "Response verify OK" not in said:
                raise DemoFailed(f"openssl says: {said}")
            step.say(expected)
            step.check("openssl " + " ".join(arguments))

    def _asked(self, name: str) -> list[str]:
        """Return what openssl is told to ask OCSP about a filed certificate."""
        return [
            "ocsp", "-issuer", self.shown(f"{name}-issuer.pem"), "-cert", self.shown(f"{name}.pem"),
            "-CAfile", self.shown("root.pem"), "-verify_other", self.shown(f"{name}-chain.pem"),
            "-url", self.ocsp,
        ]  # fmt: skip

    def shown(self, name: str) -> str:
        """Return the path of a demo file as one types it here."""
        return os.path.relpath(self.filing.folder / name)

    # --- 5. Functions ---------------------------------------------------------------------------------

    def functions(self) -> None:
        """Issue one server and two client certificates from requests made on the spot; revoke one."""
        with self.teller.step("Function certificates: a server, two clients, one of them revoked") as step:
            made = order_function_certificates(portal=self.portal, home=self.place.home, filing=self.filing)
            self.api_token = made.api_token
            for name, leaf, expected in made.certificates:
                question = self._file(name, leaf, expected=expected, has_key=True)
                status_asking.wait_for(question, expected)
            step.say("from PKCS#10 requests, over the API")
            header = f"Authorization: Bearer $(cat {self.shown('api-token')})"
            step.check(f'curl -s -H "{header}" {self.portal}/api/v1/function-certificates/')

    # --- 6. Block -------------------------------------------------------------------------------------

    def block(self, browser: Browser) -> None:
        """Block the card as at the desk, and take the time until the world sees it."""
        question = self.question("card-revoked")
        with self.teller.step("Alva blocks the card") as step:
            form = browser.open(self._await_link(browser, self.holder_url, "/block/"))
            started = time.monotonic()
            page = browser.submit(form, {"reason": LOST, "confirmed": "on"})
            answered = time.monotonic()
            if "/block/" in page.path:
                raise DemoFailed(f"the card was not blocked: {page.complaint()}")
            step.say(f"reported lost or stolen; the page answered after {answered - started:.2f} s")
            step.check(f"open {self.portal}{self.holder_url} in Alva's browser")
        with self.teller.step("OCSP says revoked") as step:
            seen = status_asking.wait_for(question, "revoked")
            self.seconds_to_revoked = seen - started
            step.say(f"seen from outside {self.seconds_to_revoked:.2f} s after the button was pressed")
            step.check("openssl " + " ".join(self._asked("card-revoked")))
        for item in self.filing.certificates:
            if item["name"] == "card-revoked":
                item["expected"] = "revoked"
        with self.teller.step("The CRL lists it") as step:
            _, crl_url, _ = status_asking.addresses(question.certificate)
            listed = status_asking.wait_for_crl(question.certificate, crl_url)
            step.say(f"{listed - started:.1f} s after the button was pressed")
            serial = f"{question.certificate.serial_number:X}"
            step.check(f"curl -s {crl_url} | openssl crl -inform DER -noout -text | grep -A3 {serial}")

    def replacement(self, browser: Browser) -> None:
        """Order a new card in the place of a damaged one, which works until the new one is activated."""
        name = DAMAGED.name.split()[0]
        with self.teller.step(f"Alva orders a new card in the place of {name}'s damaged one") as step:
            person = browser.submit(browser.open("/"), {"q": DAMAGED.number}, action="/people/search/")
            links = person.document.xpath("//a[contains(@href, '/replace/')]/@href")
            step.check(f"open {self.portal}{person.path} in Alva's browser")
            if not links:
                step.say("ordered by the first run already")
                return
            choose = browser.submit(browser.open(str(links[0])), {"reason": "damaged"})
            confirm = browser.submit(choose, button=("step", "confirm"))
            placed = browser.submit(confirm, button=("step", "place"))
            if "/orders/" not in placed.path:
                raise DemoFailed(f"the replacement was not ordered: {placed.complaint()}")
            step.say("the old one works until the new one is activated, and is blocked in that moment")

    def verify_with_openssl(self) -> None:
        """Check the chain and every CRL with openssl: the good card passes, the blocked one does not."""
        with self.teller.step("openssl verify with every CRL") as step:
            lists = self.filing.folder / "crls.pem"
            lists.write_bytes(b"".join(self._crls()))
            arguments = [
                "verify", "-crl_check_all", "-CAfile", self.shown("root.pem"),
                "-untrusted", self.shown("chain.pem"), "-CRLfile", self.shown("crls.pem"),
            ]  # fmt: skip
            openssl([*arguments, self.shown("card-good.pem")])
            refused = subprocess.run(
                ["openssl", *arguments, self.shown("card-revoked.pem")],
                capture_output=True,
                text=True,
                check=False,
            )
            if refused.returncode == 0 or "certificate revoked" not in refused.stderr:
                raise DemoFailed(f"openssl accepts the blocked card: {refused.stdout}{refused.stderr}")
            step.say("card-good: OK; card-revoked: certificate revoked")
            step.check("openssl " + " ".join([*arguments, self.shown("card-good.pem")]))

    def _crls(self) -> list[bytes]:
        found = []
        for certificate in [self.question("card-good").certificate, *self.issuer_chain[:-1]]:
            _, address, _ = status_asking.addresses(certificate)
            der = requests.get(address, timeout=10).content
            found.append(x509.load_der_x509_crl(der).public_bytes(Encoding.PEM))
        return found

    # --- 7. Record ------------------------------------------------------------------------------------

    def journal_and_report(self) -> None:
        """Verify the journal without the server, and make a report."""
        with self.teller.step("The journal verifies, without the server") as step:
            export = self.filing.folder / "journal.jsonl"
            manage("verify_journal", "--export", str(export))
            key = os.path.relpath(self.place.home / "ceremony" / "audit.pem")
            arguments = ["journal/verify.py", self.shown("journal.jsonl"), "--key", key]
            said = self._verify(*arguments[1:])
            log = f"http://127.0.0.1:{self.place.status_port}/log"
            self._verify(log, "--key", key)
            step.say(f"{said.split(', root')[0]}; so do the tiles at {log}/checkpoint")
            step.check(" ".join([".venv/bin/python", *arguments]))
        with self.teller.step("A report: every card and how it stands") as step:
            target = self.filing.folder / "cards.pdf"
            manage("report", "S1", "--format", "csv", "--out", str(target.with_suffix(".csv")))
            told = manage("report", "S1", "--format", "pdf", "--out", str(target))
            if "Its proof is inside" not in told:
                raise DemoFailed(f"the report carries no proof: {told}")
            key = os.path.relpath(self.place.home / "ceremony" / "audit.pem")
            self._verify(self.shown("cards.pdf"), "--key", key)
            rows = told.split(":")[1].split(" as of")[0].strip()
            step.say(f"{rows}, CSV and sealed PDF with its proof from the journal")
            step.check(f"pdfsig {self.shown('cards.pdf')}")

    @staticmethod
    def _verify(*arguments: str) -> str:
        """Run the stand-alone verifier and return what it said; raises ``DemoFailed`` for a fault."""
        command = [".venv/bin/python", "journal/verify.py", *arguments]
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        if said.returncode:
            raise DemoFailed(f"journal/verify.py: {said.stdout}{said.stderr}")
        return said.stdout.strip()


def chosen_role(page: Page) -> dict[str, str | list[str]]:
    """Return the first role that the page offers, by the name of its field."""
    fields = page.document.xpath("//main//input[@type='radio']")
    return {fields[0].get("name"): fields[0].get("value")} if fields else {}


def grouped(card_number: str) -> str:
    """Return the number in fours, as it is printed."""
    return " ".join(card_number[start : start + 4] for start in range(0, len(card_number), 4))


def looked_at(card_number: str) -> str:
    """Return the command by which one looks at a card as its reader sees it."""
    insert = f".venv/bin/python -m client insert {card_number}"
    return f"{insert} && .venv/bin/python -m client certificates"


def openssl(arguments: list[str]) -> str:
    """Run openssl and return what it printed; raises ``DemoFailed`` when it ends badly."""
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise DemoFailed(f"openssl {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def home_is_fresh(home: Path) -> bool:
    """Return whether no ceremony was held here yet."""
    return not (home / "ceremony" / "protocol.json").exists()
