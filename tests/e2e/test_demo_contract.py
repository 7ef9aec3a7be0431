"""`make demo ONCE=1` leaves what outside programs rely on (design.md section 1), and `make up` serves it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from deploy.free_ports import free_ports

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0
NAMES = ["card-good", "card-revoked", "function-client-good", "function-client-revoked", "function-server"]


@dataclass
class Demo:
    """A home that the demo made, and the environment it was made in."""

    home: Path
    environment: dict[str, str]
    printed: str

    @property
    def told(self) -> dict[str, object]:
        content: dict[str, object] = json.loads((self.home / "demo.json").read_text(encoding="utf-8"))
        return content

    def run(self, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False, timeout=PATIENCE * 3,
        )  # fmt: skip


def environment_for(home: Path, run: Path) -> dict[str, str]:
    """Return the environment of an embedded installation on ports of its own."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("SIGILL_") and name not in {"DATABASE_URL", "DJANGO_SETTINGS_MODULE"}
    }
    ports = free_ports("PORTAL", "STATUS", "CLIENT", "DIRECTORY", "FACTORY")
    return {
        **kept,
        **{f"SIGILL_{name}_PORT": str(port) for name, port in ports.items()},
        "SIGILL_HOME": str(home),
        "SIGILL_RUN": str(run),
    }


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo, run once from nothing."""
    home = tmp_path_factory.mktemp("demo") / "home"
    made = Demo(home=home, environment=environment_for(home, tmp_path_factory.mktemp("r")), printed="")
    done = made.run("deploy.demo", "--once")
    assert done.returncode == 0, done.stdout + done.stderr
    made.printed = done.stdout
    return made


@dataclass(frozen=True)
class SecondRun:
    """What the first run had left, and what the second one printed."""

    before: dict[str, object]
    protocol: bytes
    printed: str


@pytest.fixture(scope="module")
def again(demo: Demo) -> SecondRun:
    """The demo, run a second time over the same data."""
    before, protocol = demo.told, (demo.home / "ceremony" / "protocol.json").read_bytes()
    done = demo.run("deploy.demo", "--once")
    assert done.returncode == 0, done.stdout + done.stderr
    return SecondRun(before=before, protocol=protocol, printed=done.stdout)


@pytest.fixture(scope="module")
def copied(demo: Demo, again: SecondRun, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """A copy of the home in another place; the original is moved away, so nothing can lean on it."""
    place = tmp_path_factory.mktemp("elsewhere") / "copy"
    shutil.copytree(demo.home, place)
    hidden = demo.home.with_name("hidden")
    demo.home.rename(hidden)
    demo.home = hidden
    return Demo(
        home=place,
        environment={**demo.environment, "SIGILL_HOME": str(place)},
        printed="",
    )


@pytest.fixture(scope="module")
def served(copied: Demo) -> Iterator[Demo]:
    """The copy, served by the code behind `make up`; told to end, it ends in an orderly way."""
    with subprocess.Popen(
        [sys.executable, "-m", "deploy.serve"],
        cwd=ROOT, env=copied.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as server:  # fmt: skip
        deadline = time.monotonic() + PATIENCE
        while True:
            assert server.poll() is None, server.stdout.read() if server.stdout else ""
            assert time.monotonic() < deadline, "the installation was never ready"
            try:
                if requests.get(f"{copied.told['portal']}/healthz", timeout=2).ok:
                    break
            except requests.RequestException:
                time.sleep(0.1)
        yield copied
        pids = [int(path.read_text()) for path in Path(copied.environment["SIGILL_RUN"]).glob("*.pid")]
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=60) == 0
    assert pids
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def openssl(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)


def of(demo: Demo, name: str) -> dict[str, str]:
    return certificate_in(demo.told, name)


def certificate_in(told: dict[str, object], name: str) -> dict[str, str]:
    certificates = told["certificates"]
    assert isinstance(certificates, list)
    return next(item for item in certificates if item["name"] == name)


def people_of(told: dict[str, object]) -> list[dict[str, str]]:
    people = told["people"]
    assert isinstance(people, list)
    return people


def test_it_tells_its_steps_with_times_and_how_to_check_them(demo: Demo) -> None:
    for words in ("Key ceremony", "logs in", "orders a card", "OCSP says revoked", "journal verifies"):
        assert words in demo.printed
    lines = demo.printed.splitlines()
    steps = [number for number, line in enumerate(lines) if line.startswith("✓")]
    assert len(steps) > 20
    for number in steps:
        assert lines[number + 1].strip().startswith("$ "), lines[number]


def test_demo_json_has_what_the_contract_names(demo: Demo) -> None:
    told = demo.told
    assert set(told) == {
        "portal", "ocsp", "client", "crl", "aia", "chain", "root", "certificates", "people", "api_token",
        "acme_directory",
    }  # fmt: skip
    certificates, people = told["certificates"], told["people"]
    assert isinstance(certificates, list)
    assert isinstance(people, list)
    assert sorted(item["name"] for item in certificates) == NAMES
    for item in certificates:
        assert set(item) == {"name", "certificate", "issuer", "chain", "key", "serial", "expected"}
        assert item["expected"] == ("revoked" if "revoked" in item["name"] else "good")
        assert (item["key"] is None) == item["name"].startswith("card-")
    for person in people:
        assert set(person) == {
            "name", "personal_identity_number", "hsa_id", "organization", "roles", "card_number", "pin",
        }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_files_are_what_they_are_called(demo: Demo, name: str) -> None:
    item = of(demo, name)
    leaf = x509.load_pem_x509_certificate((demo.home / item["certificate"]).read_bytes())
    issuer = x509.load_pem_x509_certificate((demo.home / item["issuer"]).read_bytes())
    chain = x509.load_pem_x509_certificates((demo.home / item["chain"]).read_bytes())
    root = x509.load_pem_x509_certificate((demo.home / str(demo.told["root"])).read_bytes())
    leaf.verify_directly_issued_by(issuer)
    assert (chain[0], chain[-1]) == (issuer, root)
    assert f"{leaf.serial_number:x}" == item["serial"]
    if item["key"]:
        key = load_pem_private_key((demo.home / item["key"]).read_bytes(), password=None)
        shape = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        assert key.public_key().public_bytes(*shape) == leaf.public_key().public_bytes(*shape)


def test_nothing_in_the_home_holds_its_own_address(demo: Demo) -> None:
    wanted = str(demo.home.parent).encode()
    for path in demo.home.rglob("*"):
        if path.is_file():
            assert wanted not in path.read_bytes(), path


def test_a_second_run_keeps_the_data_and_works(demo: Demo, again: SecondRun) -> None:
    assert (demo.home / "ceremony" / "protocol.json").read_bytes() == again.protocol
    assert "Key ceremony" not in again.printed
    assert again.printed.splitlines()[-1].startswith("The main job is done")
    for name in ("portal", "ocsp", "client", "api_token", "acme_directory"):
        assert demo.told[name] == again.before[name]
    kept = {person["hsa_id"]: person["card_number"] for person in people_of(again.before) if person["roles"]}
    now = {person["hsa_id"]: person["card_number"] for person in people_of(demo.told) if person["roles"]}
    assert now == kept
    assert of(demo, "card-good")["serial"] == certificate_in(again.before, "card-good")["serial"]
    assert of(demo, "card-revoked")["serial"] != certificate_in(again.before, "card-revoked")["serial"]


@pytest.mark.parametrize("name", NAMES)
def test_openssl_agrees_about_every_status_in_a_copy_served_elsewhere(served: Demo, name: str) -> None:
    item, home = of(served, name), served.home
    said = openssl(
        "ocsp", "-issuer", str(home / item["issuer"]), "-cert", str(home / item["certificate"]),
        "-CAfile", str(home / str(served.told["root"])), "-verify_other", str(home / item["chain"]),
        "-url", str(served.told["ocsp"]),
    )  # fmt: skip
    assert f": {item['expected']}" in said.stdout, said.stdout + said.stderr
    assert "Response verify OK" in said.stderr


@pytest.mark.parametrize("name", NAMES)
def test_openssl_agrees_with_every_crl(served: Demo, name: str, tmp_path: Path) -> None:
    item, home = of(served, name), served.home
    lists = served.told["crl"]
    assert isinstance(lists, list)
    crls = tmp_path / "crls.pem"
    crls.write_bytes(
        b"".join(
            x509.load_der_x509_crl(requests.get(url, timeout=60).content).public_bytes(Encoding.PEM)
            for url in lists
        )
    )
    said = openssl(
        "verify", "-crl_check_all", "-x509_strict", "-CAfile", str(home / str(served.told["root"])),
        "-untrusted", str(home / item["chain"]), "-CRLfile", str(crls), str(home / item["certificate"]),
    )  # fmt: skip
    assert (said.returncode == 0) == (item["expected"] == "good"), said.stdout + said.stderr
    if item["expected"] == "revoked":
        assert "certificate revoked" in said.stderr


def test_every_issuer_certificate_is_where_the_demo_says(served: Demo) -> None:
    addresses = served.told["aia"]
    assert isinstance(addresses, list)
    for url in addresses:
        assert x509.load_der_x509_certificate(requests.get(url, timeout=60).content)


def test_the_api_token_opens_the_api_and_nothing_else_does(served: Demo) -> None:
    address = f"{served.told['portal']}/api/v1/function-certificates/"
    answer = requests.get(
        address, headers={"Authorization": f"Bearer {served.told['api_token']}"}, timeout=60
    )
    assert answer.status_code == 200
    assert requests.get(address, timeout=60).status_code == 401


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("manage", ("doctor",)),
        ("manage", ("lint_all",)),
        ("manage", ("probe_status",)),
        ("manage", ("verify_journal",)),
        ("manage", ("sync", "pu")),
    ],
)
def test_the_commands_end_well_in_a_healthy_installation(
    served: Demo, module: str, arguments: tuple[str, ...]
) -> None:
    done = served.run(module, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip()


def test_a_ceremony_is_held_once(served: Demo) -> None:
    done = served.run("manage", "key_ceremony")
    assert done.returncode != 0
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr
