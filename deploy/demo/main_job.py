"""The main job step by step: from an empty token to a card that was blocked and seen blocked everywhere."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from client import flows
from deploy.demo import status_asking
from deploy.demo.browser import Browser, Page, PageRefused
from deploy.demo.cast import ALVA, BO, FIRST_CARDS, HOLDER, Member
from deploy.demo.filing import Filing
from deploy.demo.status_asking import Question
from deploy.demo.telling import Step, Teller
from deploy.processes import Installation
from deploy.serve import CommandFailed, manage

WAIT_SECONDS = 60.0
FUNCTIONS = ("function-server", "function-client-good", "function-client-revoked")
THE_SEVEN_STEPS_FORM = {
    "method": "visit",
    "document_kind": "swedish_driving_licence",
    "document_number": "830830990801",
    "document_valid_to": "2031-05-31",
}


class DemoFailed(Exception):
    """A step did not give what it must; the message says what came instead."""


@dataclass(slots=True)
class MainJob:
    """One run: where the installation is, what was made so far."""

    place: Installation
    teller: Teller
    filing: Filing
    api_token: str = ""
    holder_card: str = ""
    seconds_to_revoked: float = 0.0
    certificates: dict[str, list[x509.Certificate]] = field(default_factory=dict)

    # --- addresses and commands ---------------------------------------------------------------------

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
        """Return the card client's address."""
        return f"http://127.0.0.1:{self.place.client_port}"

    def shown(self, name: str) -> str:
        """Return the path of a demo file as one types it here."""
        return os.path.relpath(self.filing.folder / name)

    def openssl(self, *arguments: str) -> str:
        """Run openssl and return all it printed; raises ``DemoFailed`` when it ends badly."""
        done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            raise DemoFailed(f"openssl {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr
