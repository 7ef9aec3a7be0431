"""certbot and lego, unchanged, against the running service behind the shipped nginx (FC-6)."""

import json
import re
import subprocess
import tempfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.http import HttpResponse

from tests.functioncerts.acme.outside import outside
from tests.functioncerts.acme.program import Program, binding
from tests.interop.acme_site import Said, Site, nginx_before
from tests.interop.edge import Edge
from tests.interop.replaying import replaying
from tests.running.installation import Installation, eventually
from tests.running.outside import Outsider

OBJECT, NAME = "SE2321009801-JOURNAL", "acme.journal.regionnorr.test"
ANOTHER = "SE2321009801-REMISS"


@pytest.fixture(scope="module")
def _site(running_installation: Installation) -> Iterator[Site]:
    running_installation.heal()
    running_installation.manage("seed_function_objects")
    with tempfile.TemporaryDirectory(prefix="sg-") as name:
        folder, records = Path(name), Path(name) / "records"
        records.mkdir()
        hook = folder / "put-record"
        hook.write_text(
            "#!/bin/sh\n# lego: present|cleanup FQDN. VALUE; certbot: its environment\n"
            f'cd "{records}" || exit 1\n'
            'if [ "$1" = cleanup ]; then rm -f "${2%.}"; exit 0; fi\n'
            'if [ "$1" = present ]; then echo "$3" > "${2%.}"; exit 0; fi\n'
            'echo "$CERTBOT_VALIDATION" > "_acme-challenge.$CERTBOT_DOMAIN"\n'
        )
        hook.chmod(0o700)
        ports = running_installation.ports
        with (
            outside(dns_port=ports["ACME_DNS"], hooks=records) as world,
            nginx_before(running_installation, folder),
        ):
            yield Site(installation=running_installation, outside=world, folder=folder)


@pytest.fixture
def site(_site: Site, installation: Installation) -> Site:
    return _site


def standalone(site: Site) -> tuple[str, ...]:
    port = str(site.installation.ports["ACME_HTTP"])
    return ("--standalone", "--http-01-address", "127.0.0.1", "--http-01-port", port)


def certbot_with(site: Site, home: str, hsa_id: str = OBJECT) -> None:
    """Register an account in a folder of its own."""
    key_id, hmac_key = site.external_key(hsa_id)
    said = site.certbot(
        "register", "--agree-tos", "--email", "drift@regionnorr.test", "--no-eff-email",
        "--eab-kid", key_id, "--eab-hmac-key", hmac_key, home=home,
    )  # fmt: skip
    assert said.code == 0, said.text


def newest(site: Site, home: str = "certbot") -> tuple[x509.Certificate, Path]:
    live = site.folder / home / "live" / NAME
    return x509.load_pem_x509_certificate((live / "cert.pem").read_bytes()), live


def test_certbot_issues_renews_and_revokes_and_servers_use_what_it_got(site: Site) -> None:
    certbot_with(site, "certbot")
    said = site.certbot(
        "certonly", *standalone(site), "-d", NAME, "--required-profile", "server", "--key-type", "ecdsa"
    )
    assert said.code == 0, said.text
    first, live = newest(site)
    assert _names(first) == [NAME]
    _used_by_a_server(live)
    told = site.certbot("renew", "--force-renewal", "--no-random-sleep-on-renew")
    assert told.code == 0, told.text
    second, _ = newest(site)
    assert second.serial_number != first.serial_number
    assert second.public_key() != first.public_key()
    revoked = site.certbot("revoke", "--cert-path", str(live / "cert.pem"), "--reason", "superseded")
    assert revoked.code == 0, revoked.text
    with tempfile.TemporaryDirectory() as folder:
        outsider = Outsider.knowing(second.public_bytes(Encoding.DER), Path(folder))
        eventually(outsider.openssl_says_revoked, why="openssl ocsp says revoked")


def test_certbot_shows_a_name_by_dns_and_an_account_for_another_object_revokes_nothing(site: Site) -> None:
    certbot_with(site, "by-dns")
    hook = str(site.folder / "put-record")
    said = site.certbot(
        "certonly", "--manual", "--preferred-challenges", "dns", "--manual-auth-hook", hook, "-d", NAME,
        home="by-dns",
    )  # fmt: skip
    assert said.code == 0, said.text
    _, live = newest(site, "by-dns")
    certbot_with(site, "another", ANOTHER)
    refused = site.certbot("revoke", "--cert-path", str(live / "cert.pem"), home="another")
    assert refused.code != 0
    assert _said(refused, "neither this account's function object nor this key has such a certificate")
    key = str(live / "privkey.pem")
    by_key = ("--cert-path", str(live / "cert.pem"), "--key-path", key, "--no-delete-after-revoke")
    done = site.certbot("revoke", *by_key, home="another")
    assert done.code == 0, done.text


def test_certbot_is_told_of_a_wrong_domain_a_missing_or_wrong_key_and_a_missing_proof(site: Site) -> None:
    no_key = site.certbot(
        "register", "--agree-tos", "--email", "x@regionnorr.test", "--no-eff-email", home="e"
    )
    assert no_key.code != 0
    key_id, _ = site.external_key(OBJECT)
    wrong = site.certbot(
        "register", "--agree-tos", "--email", "x@regionnorr.test", "--no-eff-email",
        "--eab-kid", key_id, "--eab-hmac-key", "A" * 43, home="e",
    )  # fmt: skip
    assert _said(wrong, "no external account key has this id and MAC")
    certbot_with(site, "wrong")
    outside = site.certbot("certonly", *standalone(site), "-d", "www.regionsyd.test", home="wrong")
    assert outside.code != 0
    assert _said(outside, "outside the validated names of SE2321009801-JOURNAL")
    site.outside.records["elsewhere.journal.regionnorr.test", "A"] = ["127.0.0.9"]
    lost = site.certbot(
        "certonly", *standalone(site), "-d", "elsewhere.journal.regionnorr.test", home="wrong"
    )
    assert lost.code != 0
    assert _said(lost, "127.0.0.9, port")
    (key_file,) = (site.folder / "wrong").glob("accounts/**/private_key.json")
    key_file.chmod(0o600)
    key_file.write_text(json.dumps(_another_key(json.loads(key_file.read_text()))))
    stranger = site.certbot("certonly", *standalone(site), "-d", NAME, home="wrong")
    assert stranger.code != 0
    assert _said(stranger, "the signature is not made by the key that the request names")


def test_certbot_asks_for_another_nonce_when_one_comes_back_and_is_told_when_all_do(site: Site) -> None:
    """RFC 8555 6.5: what was sent with a spent nonce is not done, and not done twice."""
    key_id, hmac_key = site.external_key(OBJECT)
    register = (
        "register", "--agree-tos", "--email", "drift@regionnorr.test", "--no-eff-email",
        "--eab-kid", key_id, "--eab-hmac-key", hmac_key,
    )  # fmt: skip
    port = site.installation.ports["ACME_TLS"]
    with replaying(host="localhost", port=port, folder=site.folder) as box:
        opened = site.certbot(*register, home="replayed", through=box.address)
        assert opened.code == 0, opened.text
        assert (len(box.spent), box.refused) == (1, 0)
        box.repeats = 1
        told = site.certbot("show_account", home="replayed", through=box.address)
        assert told.code == 0, told.text
        assert (box.repeats, box.refused) == (0, 1)
        box.repeats = 1000
        stopped = site.certbot("show_account", home="replayed", through=box.address)
        assert stopped.code != 0
        assert _said(stopped, "it was used before; ask for another and try again")


def test_certbot_and_lego_are_told_when_to_come_back(site: Site) -> None:
    """An external account key opens ten accounts an hour; the eleventh is told of it in words."""
    certbot_with(site, "other-key")
    key_id, hmac_key = site.external_key(OBJECT)
    service = site.directory.removesuffix("/directory")
    for _ in range(10):
        opened = _wired(site).open_at(service, key_id, hmac_key)
        assert opened.status_code == 201, opened.content
    eab = ("--eab-kid", key_id, "--eab-hmac-key", hmac_key)
    late = site.certbot(
        "register", "--agree-tos", "--email", "x@regionnorr.test", "--no-eff-email", *eab, home="late"
    )
    assert late.code != 0
    limit = "10 accounts were opened with this key within the hour; come back in"
    assert _said(late, limit), late.text
    other = site.lego(
        "--eab", "--kid", key_id, "--hmac", hmac_key, "--email", "late@regionnorr.test",
        "--domains", NAME, "--http", command="run",
    )  # fmt: skip
    assert other.code != 0
    assert _said(other, limit), other.text
    assert site.certbot("show_account", home="other-key").code == 0, "another key's accounts go on"


def test_lego_issues_renews_and_revokes(site: Site) -> None:
    key_id, hmac_key = site.external_key(OBJECT)
    eab = ("--eab", "--kid", key_id, "--hmac", hmac_key)
    port = f"127.0.0.1:{site.installation.ports['ACME_HTTP']}"
    http = ("--domains", NAME, "--http", "--http.port", port)
    said = site.lego(*eab, *http, command="run")
    assert said.code == 0, said.text
    place = site.folder / "lego" / "certificates" / f"{NAME}.crt"
    first = x509.load_pem_x509_certificate(place.read_bytes())
    assert _names(first) == [NAME]
    dns = ("--domains", NAME, "--dns", "exec", "--dns.disable-cp", "--dns.resolvers", site.outside.resolver)
    renewed = site.lego(*eab, *dns, command="renew --days 9999 --no-random-sleep")
    assert renewed.code == 0, renewed.text
    second = x509.load_pem_x509_certificate(place.read_bytes())
    assert second.serial_number != first.serial_number
    revoked = site.lego(*eab, "--domains", NAME, command="revoke")
    assert revoked.code == 0, revoked.text
    elsewhere = site.lego(*eab, "--domains", "www.regionsyd.test", *http[2:], command="run")
    assert elsewhere.code != 0
    assert _said(elsewhere, "outside the validated names of SE2321009801-JOURNAL")
    (key_file,) = (site.folder / "lego").glob("accounts/**/keys/drift@regionnorr.test.key")
    key_file.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
        )
    )
    stranger = site.lego(*eab, *http, command="run")
    assert stranger.code != 0
    assert _said(stranger, "the signature is not made by the key that the request names")


@dataclass
class _Wired(Program):
    """The tests' own small client, over the wire."""

    def open_at(self, service: str, key_id: str, hmac_key: str) -> HttpResponse:
        place = f"{service}/new-account"
        told = {
            "termsOfServiceAgreed": True,
            "externalAccountBinding": binding(key_id, hmac_key, self.key, url=place),
        }
        return self.post(place, told)


class _Wire:
    """What Django's test client does, by HTTPS."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def head(self, path: str) -> Mapping[str, str]:
        address = self._site.directory.removesuffix("/acme/directory") + path
        return requests.head(address, verify=str(self._site.authority), timeout=60).headers

    def post(self, address: str, content: bytes, *, content_type: str) -> requests.Response:
        headers = {"Content-Type": content_type}
        return requests.post(address, content, headers=headers, verify=str(self._site.authority), timeout=60)


def _wired(site: Site) -> _Wired:
    return _Wired(client=_Wire(site))  # type: ignore[arg-type] # it does what Program asks of it


def _used_by_a_server(live: Path) -> None:
    """Let nginx serve with what certbot left, and openssl, GnuTLS and curl believe it by our root alone."""
    with tempfile.TemporaryDirectory(prefix="sg-") as name:
        folder = Path(name)
        leaf = x509.load_pem_x509_certificate((live / "cert.pem").read_bytes())
        outsider = Outsider.knowing(leaf.public_bytes(Encoding.DER), folder)
        root = folder / "root.pem"
        root.write_bytes(outsider.chain[-1].public_bytes(Encoding.PEM))
        chain = b"".join(one.public_bytes(Encoding.PEM) for one in outsider.chain)
        served = Edge.running(
            certificate=(live / "fullchain.pem").read_bytes(),
            key=(live / "privkey.pem").read_bytes(),
            chain=chain,
            folder=folder,
        )
        with served as edge:
            port = str(edge.staples)
            openssl = _tell(
                "openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", NAME,
                "-CAfile", str(root), "-verify_hostname", NAME, "-verify_return_error",
            )  # fmt: skip
            assert "Verify return code: 0 (ok)" in openssl, openssl
            gnutls = _tell(
                "gnutls-cli",
                "--x509cafile",
                str(root),
                "--verify-hostname",
                NAME,
                "--port",
                port,
                "127.0.0.1",
            )
            assert "Status: The certificate is trusted" in gnutls, gnutls
            curl = _tell(
                "curl", "--silent", "--show-error", "--cacert", str(root), "--resolve",
                f"{NAME}:{port}:127.0.0.1", f"https://{NAME}:{port}/",
            )  # fmt: skip
            assert curl == "stapled\n"


def _another_key(jwk: dict[str, str]) -> dict[str, str]:
    """Return another private key in the form that certbot keeps its account's in."""
    assert jwk["kty"] == "RSA"
    key = rsa.generate_private_key(65537, 2048).private_numbers()
    parts = {
        "n": key.public_numbers.n, "e": key.public_numbers.e, "d": key.d, "p": key.p, "q": key.q,
        "dp": key.dmp1, "dq": key.dmq1, "qi": key.iqmp,
    }  # fmt: skip
    encoded = {
        name: urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8)).rstrip(b"=").decode()
        for name, value in parts.items()
    }
    return {"kty": "RSA", **encoded}


def _tell(*command: str) -> str:
    done = subprocess.run(command, input="", capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr


def _names(certificate: x509.Certificate) -> list[str]:
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return extension.value.get_values_for_type(x509.DNSName)


def _said(said: Said, words: str) -> bool:
    """Tell whether a client passed on what the service said, however it breaks lines."""
    assert words in re.sub(r"\s+", " ", said.text), said.text
    return True
