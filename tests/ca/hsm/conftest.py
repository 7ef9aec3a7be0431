"""Real SoftHSM tokens in temporary folders, and real signer processes over them."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ca.hsm.configuration import TokenConfiguration
from ca.hsm.key_algorithms import KeyAlgorithm
from ca.hsm.proxy import SocketSigners
from ca.hsm.token_keeper import keep_token
from ca.hsm.token_opening import initialize_token

ROOT = Path(__file__).resolve().parents[3]
SOFTHSM = Path("/usr/lib/softhsm/libsofthsm2.so")
KEYS = {"issuer": KeyAlgorithm.EC_P384, "ocsp": KeyAlgorithm.EC_P256, "old": KeyAlgorithm.RSA_2048}


def configuration_in(folder: Path, *, module: Path = SOFTHSM) -> TokenConfiguration:
    """Return the configuration of a token below ``folder``, making its folders and its PIN."""
    home, run = folder / "hsm", folder / "run"
    (home / "tokens").mkdir(parents=True, exist_ok=True)
    run.mkdir(exist_ok=True)
    pin_file = folder / "hsm-pin"
    if not pin_file.exists():
        pin_file.write_text("271828")
    return TokenConfiguration(
        module=module, label="sigill-test", pin_file=pin_file, home=home, run=run, is_file_token=True
    )


@pytest.fixture(scope="session")
def made_token(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make one token with a key of each kind; tests take copies of it."""
    folder = tmp_path_factory.mktemp("token")
    configuration = configuration_in(folder)
    initialize_token(configuration, so_pin="314159")
    with keep_token(configuration, patience=0) as keeper:
        keeper.start()
        for label, algorithm in KEYS.items():
            keeper.generate_key(label, algorithm)
    return folder


@pytest.fixture
def token(made_token: Path, tmp_path: Path) -> TokenConfiguration:
    """Return a token of the test's own, with the keys ``issuer``, ``ocsp`` and ``old``."""
    folder = tmp_path / "t"
    shutil.copytree(made_token, folder)
    return configuration_in(folder)


@dataclass
class SignerProcess:
    """A signer in a process of its own, which a test may kill and start again."""

    configuration: TokenConfiguration
    socket: Path
    process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        settings = {
            "module": str(self.configuration.module),
            "label": self.configuration.label,
            "pin_file": str(self.configuration.pin_file),
            "home": str(self.configuration.home),
            "run": str(self.configuration.run),
        }
        code = (
            "import sys, pathlib\n"
            "from ca.hsm.configuration import TokenConfiguration\n"
            "from ca.hsm.server import run, log_to_stderr\n"
            "log_to_stderr()\n"
            f"c = {{k: (v if k == 'label' else pathlib.Path(v)) for k, v in {settings!r}.items()}}\n"
            f"sys.exit(run(configuration=TokenConfiguration(**c, is_file_token=True),"
            f" socket_path=pathlib.Path({str(self.socket)!r})))\n"
        )
        with (self.configuration.run / "signer.log").open("a") as log:
            self.process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=log, text=True)

    def wait_until_up(self, *, seconds: float = 60) -> None:
        SocketSigners(self.socket, patience=seconds).health()

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(60)

    def said(self) -> str:
        return (self.configuration.run / "signer.log").read_text()


@pytest.fixture
def signer_process(token: TokenConfiguration) -> Iterator[SignerProcess]:
    """Return a running signer over ``token``."""
    running = SignerProcess(token, token.run / "s.sock")
    running.start()
    running.wait_until_up()
    yield running
    if running.process is not None and running.process.poll() is None:
        running.stop()


def wait_for(condition: object, *, seconds: float = 60) -> None:
    """Wait until ``condition()`` is true, or fail."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
