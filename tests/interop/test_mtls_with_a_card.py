"""A card over PKCS#11 in somebody else's program, by two-way TLS: what Linux has without a client of ours."""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from client.virtual_readers import VirtualReaders
from deploy.demo.cast import ALVA
from deploy.free_ports import free_ports
from deploy.processes import Installation as Place
from deploy.processes import processes
from tests.running.installation import REPOSITORY, Installation, environment_of, eventually
from tests.running.mtls_edge import NAME, MtlsEdge, mtls_edge

PORTS = ("PORTAL", "STATUS", "CLIENT", "DIRECTORY", "FACTORY")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The running installation with a login host, seen from a desk with Alva's card in the reader."""

    installation: Installation
    portal: str
    edge: MtlsEdge
    environment: dict[str, str]

    def run(self, *command: str, said: str = "") -> str:
        """Run a program with the card's module, and return everything that it says."""
        done = subprocess.run(
            command,
            env=self.environment,
            input=said,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return done.stdout + done.stderr

    def card_urls(self) -> dict[str, str]:
        """Return the PKCS#11 URLs (RFC 7512) of the certificates on the card, by their labels."""
        told = self.run("p11tool", f"--provider={self.module}", "--list-all-certs")
        urls = re.findall(r"URL: (pkcs11:\S*type=cert)", told)
        assert urls, told
        return {parse_qs(url.partition(":")[2].replace(";", "&"))["object"][0]: url for url in urls}

    @property
    def module(self) -> Path:
        return self.installation.configuration.module

    def show(self, url: str, tx: str, *, slot: int = 0) -> str:
        """Let gnutls-cli show a certificate of the card, the key never leaving it; return what came back."""
        name = f"secure{slot}.{NAME}"
        return self.run(
            "gnutls-cli", f"--provider={self.module}", f"--x509certfile={url}",
            f"--x509keyfile={url.replace('type=cert', 'type=private')}",
            f"--x509cafile={self.edge.server_certificate}", f"--sni-hostname={name}",
            f"--verify-hostname={name}", "-p", str(self.edge.port), "127.0.0.1",
            said=f"GET /mtls/auth?tx={tx} HTTP/1.1\r\nHost: {name}\r\n"
            f"Cookie: {self.edge.sent(tx, slot=slot)}\r\nConnection: close\r\n\r\n",
        )  # fmt: skip

    def start(self, browser: requests.Session) -> str:
        """Press the button of the login page; return the `tx`."""
        page = browser.get(f"{self.portal}/login/", timeout=60).text
        token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        answer = browser.post(
            f"{self.portal}/login/mtls/start",
            {"csrfmiddlewaretoken": token},
            allow_redirects=False,
            timeout=60,
        )
        return parse_qs(urlsplit(answer.headers["Location"]).query)["tx"][0]


@pytest.fixture
def site(installation: Installation) -> Iterator[Site]:
    """Start a second portal with a login host, on the running installation's database and certificates."""
    ports = {**installation.ports, **free_ports("PORTAL", "MTLS")}
    portal = f"http://127.0.0.1:{ports['PORTAL']}"
    own = {
        **environment_of(home=installation.home, run=installation.run, ports=ports),
        **({"DATABASE_URL": installation.database} if installation.database else {}),
        **({"SIGILL_BROKER_URL": installation.broker.url} if installation.broker else {}),
        "SIGILL_MTLS_URL": f"https://{NAME}:{ports['MTLS']}",
    }
    place = Place(
        home=installation.home, run=installation.run,
        **{f"{name.lower()}_port": ports[name] for name in PORTS},
    )  # fmt: skip
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SIGILL_MTLS_URL", own["SIGILL_MTLS_URL"])
            wanted = [one for one in processes(place) if one.name in {"portal", "mtls"}]
        assert len(wanted) == 2
        for one in wanted:
            process = subprocess.Popen(one.arguments, env={**own, **one.environment}, cwd=REPOSITORY)
            stack.callback(process.wait, 60)
            stack.callback(process.terminate)
            eventually(one.is_ready, why=f"{one.name} is ready")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sg-")))
        installation.manage("mtls_authorities", str(folder))
        edge = stack.enter_context(
            mtls_edge(folder, port=ports["MTLS"], upstream=installation.run / "mtls.sock")
        )
        configuration = installation.configuration
        VirtualReaders(configuration).insert(installation.member_card(ALVA), reader=0)
        yield Site(
            installation=installation,
            portal=portal,
            edge=edge,
            environment={
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "SIGILL_CARDS": str(configuration.cards),
                "SIGILL_READERS": str(configuration.readers),
                "GNUTLS_PIN": ALVA.pin,
            },
        )
        VirtualReaders(configuration).remove(reader=0)


LOCATION = re.compile(r"^location: (\S+)", re.IGNORECASE | re.MULTILINE)


def test_a_card_logs_in_from_a_program_that_is_not_ours(site: Site) -> None:
    """APP-5, AUT-5: third-party PKCS#11, two-way TLS, the installation's own CA, OCSP and card register.

    Both of the card's certificates open the portal: that with the personal number and that with the HSA-id.
    """
    urls = site.card_urls()
    logs_in = [label for label in urls if label.endswith("legitimering")]
    assert len(logs_in) == 2, list(urls)
    for label in logs_in:
        browser = requests.Session()
        told = site.show(urls[label], site.start(browser))
        location = LOCATION.search(told)
        assert location, told
        assert location[1].startswith(f"{site.portal}/login/mtls/return?code="), told
        page = browser.get(location[1], timeout=60)
        assert (page.url, page.status_code) == (f"{site.portal}/", 200)
        assert ALVA.name in page.text
