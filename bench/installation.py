"""An installation for the rows that need one: PostgreSQL, a ceremony in SoftHSM, the signer process."""

import os
import subprocess
import sys
from dataclasses import dataclass

import django
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bench.measuring import NotMeasured
from bench.place import Place
from deploy.free_ports import free_ports
from deploy.private_services import ServiceNotStarted, postgresql
from deploy.processes import listens
from deploy.serve import CommandFailed, manage, prepare

_PORTS = ("PORTAL", "STATUS", "CLIENT", "DIRECTORY", "FACTORY")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What rows take from it; Django is set up in this process and talks to the same database."""

    signer: subprocess.Popen[bytes]
    status_port: int


def install(place: Place) -> Installation:
    """Set one up in the run's folder. Raises ``NotMeasured`` with what went wrong."""
    try:
        os.environ["DATABASE_URL"] = place.stack.enter_context(postgresql())
    except (ServiceNotStarted, OSError, subprocess.CalledProcessError) as error:
        raise NotMeasured(f"PostgreSQL did not start: {error}") from error
    ports = free_ports(*_PORTS)
    os.environ.update({f"SIGILL_{name}_PORT": str(port) for name, port in ports.items()})
    os.environ["SIGILL_HOME"] = str(place.folder / "home")
    os.environ["SIGILL_RUN"] = str(place.folder / "run")
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    try:
        prepare()
        manage("key_ceremony")
    except CommandFailed as error:
        raise NotMeasured(str(error)) from error
    signer = place.child("signer", [sys.executable, "-m", "worker.mains.signer"])
    place.await_ready("signer", signer, listens(place.folder / "run" / "signer.sock"))
    django.setup()
    place.say("an installation is ready: PostgreSQL, ceremony, signer")
    return Installation(signer=signer, status_port=ports["STATUS"])


def a_public_key() -> bytes:
    """Return the SubjectPublicKeyInfo of a fresh P-256 key."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
