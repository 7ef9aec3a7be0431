"""openssl, GnuTLS, curl, nginx and pyhanko-certvalidator agree on good and revoked (R1, REV-1, PKI-3)."""

import asyncio
import subprocess
from pathlib import Path

import pytest
from asn1crypto import pem as asn1_pem
from asn1crypto import x509 as asn1_x509
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import RevokedError
from pyhanko_certvalidator.fetchers.requests_fetchers import RequestsFetcherBackend
from pyhanko_certvalidator.policy_decl import (
    CertRevTrustPolicy,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)

from tests.interop.conftest import Filed
from tests.interop.edge import Edge
from tests.running.installation import Installation, eventually

CASES = [("client-good", "good"), ("client-revoked", "revoked"), ("server", "good"), ("qa-server", "good")]


def run(*arguments: object, said: str = "") -> str:
    done = subprocess.run(
        [str(one) for one in arguments], capture_output=True, text=True, check=False, input=said, timeout=60
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize(("name", "status"), CASES)
@pytest.mark.parametrize("digest", ["-sha1", "-sha256", "-sha384"])
def test_openssl_ocsp_verifies_the_answer(
    digest: str, name: str, status: str, filed: dict[str, Filed], installation: Installation
) -> None:
    """With a nonce, which openssl always sends, under each hash."""
    one = filed[name]
    told = run(
        "openssl", "ocsp", digest, "-issuer", one.issuer, "-cert", one.pem, "-CAfile", one.chain,
        "-url", one.ocsp_url,
    )  # fmt: skip
    assert "Response verify OK" in told
    assert f"{one.pem}: {status}" in told
    assert "WARNING: no nonce" not in told


def test_openssl_gets_a_time_stamp_over_http_and_verifies_it(
    filed: dict[str, Filed], installation: Installation, tmp_path: Path
) -> None:
    """RFC 3161: query by curl, the key in the HSM, the chain under our root; another file is found out."""
    file, query, reply = tmp_path / "file", tmp_path / "q.tsq", tmp_path / "a.tsr"
    file.write_text("a report")
    run("openssl", "ts", "-query", "-data", file, "-sha256", "-cert", "-out", query)
    posting = ["-H", "Content-Type: application/timestamp-query", "--data-binary", f"@{query}"]

    def granted() -> bool:
        """The worker tells the status services which key stamps within its first half minute."""
        run("curl", "-s", *posting, f"{installation.status}/tsa", "-o", reply)
        return "Status: Granted." in run("openssl", "ts", "-reply", "-in", reply, "-text")

    eventually(granted, why="the status services know which key stamps")
    verifying = ["openssl", "ts", "-verify", "-in", reply, "-CAfile", filed["server"].root]
    verifying += ["-untrusted", filed["server"].issuer]
    assert "Verification: OK" in run(*verifying, "-queryfile", query)
    file.write_text("another report")
    assert "Verification: OK" not in run(*verifying, "-data", file)


def test_qas_certificates_stand_under_qas_own_root_and_prods_root_knows_nothing_of_them(
    filed: dict[str, Filed], installation: Installation
) -> None:
    """QA-3: other root, other OCSP signer, other list; openssl takes neither environment for the other."""
    qa, prod = filed["qa-server"], filed["server"]
    assert run("openssl", "verify", "-CAfile", qa.chain, qa.pem).endswith("OK\n")
    assert "OK" not in run("openssl", "verify", "-CAfile", prod.root, "-untrusted", qa.issuer, qa.pem)
    assert "CN = TEST " in run("openssl", "x509", "-in", qa.root, "-noout", "-subject")
    assert "TEST " not in run("openssl", "x509", "-in", prod.root, "-noout", "-subject")
    assert "/crl/testsigill" in qa.crl_url
    assert "/crl/testsigill" not in prod.crl_url
    asked = run(
        "openssl", "ocsp", "-issuer", prod.issuer, "-cert", qa.pem, "-CAfile", prod.chain, "-url", qa.ocsp_url
    )  # fmt: skip
    assert f"{qa.pem}: good" not in asked


@pytest.mark.parametrize(("name", "status"), CASES)
def test_openssl_verifies_with_the_list(
    name: str, status: str, filed: dict[str, Filed], installation: Installation
) -> None:
    one = filed[name]
    told = run("openssl", "verify", "-crl_check", "-CAfile", one.chain, "-CRLfile", one.crl, one.pem)
    assert ("certificate revoked" in told) is (status == "revoked"), told
    assert (": OK" in told) is (status == "good"), told


@pytest.mark.parametrize(("name", "status"), CASES)
def test_gnutls_asks_ocsp_and_verifies_the_answer(
    name: str, status: str, filed: dict[str, Filed], installation: Installation
) -> None:
    one = filed[name]
    told = run(
        "ocsptool", f"--ask={one.ocsp_url}", "--load-cert", one.pem, "--load-issuer", one.issuer,
        "--load-trust", one.chain,
    )  # fmt: skip
    assert "Verifying OCSP Response: Success" in told, told
    assert f"Certificate Status: {status}" in told


def test_gnutls_verifies_the_list_and_reads_who_is_on_it(
    filed: dict[str, Filed], installation: Installation
) -> None:
    one = filed["client-revoked"]
    told = run("certtool", "--verify-crl", "--load-ca-certificate", one.issuer, "--infile", one.crl)
    assert "Verified" in told.replace("Not verified", ""), told
    listed = run("certtool", "--crl-info", "--infile", one.crl).lower()
    assert one.serial in listed
    assert filed["client-good"].serial not in listed


@pytest.mark.parametrize(("name", "status"), CASES)
def test_certtool_refuses_a_chain_with_a_revoked_certificate(
    name: str, status: str, filed: dict[str, Filed], installation: Installation, tmp_path: Path
) -> None:
    one = filed[name]
    chain = tmp_path / "chain.pem"
    chain.write_bytes(one.pem.read_bytes() + one.issuer.read_bytes())
    told = run(
        "certtool", "--verify", "--load-ca-certificate", one.root, "--load-crl", one.crl, "--infile", chain
    )
    assert ("revoked" in told.lower()) is (status == "revoked"), told


@pytest.mark.parametrize("rule", [RevocationCheckingRule.OCSP_REQUIRED, RevocationCheckingRule.CRL_REQUIRED])
@pytest.mark.parametrize(("name", "status"), CASES)
def test_pyhanko_certvalidator_fetches_by_itself(
    rule: RevocationCheckingRule,
    name: str,
    status: str,
    filed: dict[str, Filed],
    installation: Installation,
) -> None:
    """It follows the addresses in the certificate: OCSP alone, and the list alone."""
    one = filed[name]

    def load(path: Path) -> list[asn1_x509.Certificate]:
        found = asn1_pem.unarmor(path.read_bytes(), multiple=True)
        return [asn1_x509.Certificate.load(der) for _, _, der in found]

    async def validate() -> None:
        async with RequestsFetcherBackend() as fetchers:
            context = ValidationContext(
                trust_roots=load(one.root),
                other_certs=load(one.chain),
                allow_fetching=True,
                fetchers=fetchers,
                revinfo_policy=CertRevTrustPolicy(
                    RevocationCheckingPolicy(
                        ee_certificate_rule=rule,
                        intermediate_ca_cert_rule=RevocationCheckingRule.CRL_OR_OCSP_REQUIRED,
                    )
                ),
            )
            validator = CertificateValidator(load(one.pem)[0], validation_context=context)
            await validator.async_validate_usage(set())

    if status == "revoked":
        with pytest.raises(RevokedError):
            asyncio.run(validate())
    else:
        asyncio.run(validate())


def test_nginx_staples_and_every_tls_client_takes_the_staple(
    filed: dict[str, Filed], edge: Edge, installation: Installation
) -> None:
    """Openssl s_client, gnutls-cli and curl; nginx asks by GET and verifies what it staples."""
    one = filed["server"]
    address = f"127.0.0.1:{edge.staples}"

    def stapled() -> str:
        told = run(
            "openssl", "s_client", "-connect", address, "-servername", one.dns_name, "-status",
            "-CAfile", one.root, "-verify_return_error",
        )  # fmt: skip
        return told if "OCSP Response Status: successful" in told else ""

    told = eventually(stapled, why=edge.log)
    assert "Cert Status: good" in told
    assert "Verify return code: 0 (ok)" in told
    gnutls = run(
        "gnutls-cli", "--x509cafile", one.root, "--verify-hostname", one.dns_name, "--ocsp",
        "--port", edge.staples, "127.0.0.1",
    )  # fmt: skip
    assert "Status: The certificate is trusted" in gnutls, gnutls
    assert "OCSP status request" in gnutls or "status: good" in gnutls.lower(), gnutls
    curl = run(
        "curl", "--silent", "--show-error", "--cert-status", "--cacert", one.root,
        "--resolve", f"{one.dns_name}:{edge.staples}:127.0.0.1", f"https://{one.dns_name}:{edge.staples}/",
    )  # fmt: skip
    assert curl == "stapled\n"


@pytest.mark.parametrize(("name", "status"), CASES[:2])
def test_nginx_asks_ocsp_about_clients_and_lets_only_the_good_one_in(
    name: str, status: str, filed: dict[str, Filed], edge: Edge, installation: Installation
) -> None:
    """``ssl_ocsp leaf``: the good client is known by its number, the revoked one is told 400."""
    server, client = filed["server"], filed[name]
    told = run(
        "curl", "--silent", "--show-error", "--cacert", server.root, "--cert", client.pem,
        "--key", client.key,
        "--resolve", f"{server.dns_name}:{edge.clients}:127.0.0.1",
        f"https://{server.dns_name}:{edge.clients}/",
    )  # fmt: skip
    if status == "good":
        assert told.split() == ["SUCCESS", client.serial.upper()], told + edge.log
    else:
        assert "400" in told, told
        assert "certificate revoked" in edge.log, edge.log
