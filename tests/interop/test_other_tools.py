"""NSS, Apache, stunnel and openssl's own fetching agree on good and revoked (R1, REV-1, PKI-3)."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.interop.conftest import Filed
from tests.interop.relying_servers import apache, stunnel
from tests.interop.test_tools import CASES, run
from tests.running.installation import Installation


@pytest.fixture(scope="module")
def nss(filed: dict[str, Filed], tmp_path_factory: pytest.TempPathFactory) -> str:
    """An NSS database that trusts the root, and knows the certificates by their names."""
    database = f"sql:{tmp_path_factory.mktemp('nss')}"
    run("certutil", "-N", "-d", database, "--empty-password")
    one = filed["server"]
    run("certutil", "-A", "-d", database, "-n", "root", "-t", "CT,C,C", "-i", one.root)
    run("certutil", "-A", "-d", database, "-n", "issuer", "-t", ",,", "-i", one.issuer)
    for name in ("server", "client-good", "client-revoked"):
        run("certutil", "-A", "-d", database, "-n", name, "-t", ",,", "-i", filed[name].pem)
    return database


@pytest.mark.parametrize(("name", "status"), CASES[:3])
def test_nss_asks_ocsp(
    name: str, status: str, nss: str, filed: dict[str, Filed], installation: Installation
) -> None:
    """The library of Firefox and of many Linux programs, by the address given and by the certificate's."""
    outcome = "failed" if status == "revoked" else "succeeded"
    for more in (["-l", filed[name].ocsp_url, "-t", "issuer"], []):
        told = run("ocspclnt", "-S", name, "-d", nss, *more)
        assert f'Check of certificate "{name}" {outcome}' in told, told
        assert ("has been revoked" in told) is (status == "revoked"), told


@pytest.mark.parametrize("method", ["ocsp", "crl"])
@pytest.mark.parametrize(("name", "status"), CASES[:3])
def test_nss_builds_the_chain_and_demands_fresh_status(
    method: str,
    name: str,
    status: str,
    nss: str,
    filed: dict[str, Filed],
    *,
    installation: Installation,
) -> None:
    """Libpkix: by OCSP alone, and by the list alone, which it fetches where the certificate says."""
    one = filed[name]
    told = run(
        "vfychain", "-pp", "-u", "0", "-d", nss, "-g", "leaf", "-h", "requireFreshInfo", "-m", method,
        "-s", "failIfNoInfo", "-a", one.pem, "-a", one.issuer,
    )  # fmt: skip
    assert ("has been revoked" in told) is (status == "revoked"), told
    assert ("Chain is good" in told) is (status == "good"), told


@pytest.mark.parametrize("deltas", [(), ("-extended_crl", "-use_deltas")], ids=["whole", "with deltas"])
@pytest.mark.parametrize(("name", "status"), CASES)
def test_openssl_fetches_the_list_by_itself(
    deltas: tuple[str, ...], name: str, status: str, filed: dict[str, Filed], installation: Installation
) -> None:
    one = filed[name]
    told = run(
        "openssl", "verify", "-crl_check", "-crl_download", *deltas, "-CAfile", one.root,
        "-untrusted", one.issuer, one.pem,
    )  # fmt: skip
    assert ("certificate revoked" in told) is (status == "revoked"), told
    assert (": OK" in told) is (status == "good"), told


@pytest.mark.parametrize(
    ("serving", "said"), [(apache, "Server Status"), (stunnel, "let in")], ids=["apache", "stunnel"]
)
def test_servers_let_in_only_the_client_that_ocsp_says_is_good(
    serving: Callable[[Path], AbstractContextManager[int]],
    said: str,
    filed: dict[str, Filed],
    installation: Installation,
    tmp_path: Path,
) -> None:
    """``SSLOCSPEnable`` and ``OCSPaia``: both ask with what the client's certificate names."""
    server = filed["server"]
    (tmp_path / "server.pem").write_bytes(server.pem.read_bytes() + server.issuer.read_bytes())
    (tmp_path / "server.key").write_bytes(server.key.read_bytes())
    (tmp_path / "chain.pem").write_bytes(server.chain.read_bytes())
    with serving(tmp_path) as port:
        told = {
            name: run(
                "curl", "--silent", "--show-error", "--cacert", server.root, "--cert", filed[name].pem,
                "--key", filed[name].key, "--resolve", f"{server.dns_name}:{port}:127.0.0.1",
                f"https://{server.dns_name}:{port}/",
            )
            for name in ("client-good", "client-revoked")
        }  # fmt: skip
    assert said in told["client-good"], told
    assert said not in told["client-revoked"], told
    assert "certificate revoked" in told["client-revoked"], told
