"""The manual routine of QA until the acceptance test has ended (QA-4): ``manage.py qa_manual``."""

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ca.models import Certificate
from ca.pki.errors import PkiError
from cards.card_keys import KeyName
from cards.errors import Refused as CardRefused
from functioncerts.errors import Refused as FunctionRefused
from journal.errors import DomainError
from worker.manual_issuance import Tools, issue_for_card, issue_for_function
from worker.wiring import signers, status_store


class Command(BaseCommand):
    """Issue to a test card, or for a test function; never anything of PROD."""

    help = (
        "Issue certificates of QA from PKCS#10 requests while SIGILL_QA_MANUAL_UNTIL lasts. The officer is "
        "whoever the command line names: that proves nothing, so keep the shell and its log to those who may."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the card with its keys, or the function object with its request."""
        ways = parser.add_subparsers(dest="way", required=True)
        card = ways.add_parser("card", help="a test card that the factory has shipped")
        card.add_argument("--card", required=True, metavar="NUMBER")
        for name in KeyName:
            card.add_argument(f"--{name.value.replace('_', '-')}", type=Path, metavar="FILE", help="PKCS#10")
        function = ways.add_parser("function", help="a validated function object of QA")
        function.add_argument("--function-object", required=True, metavar="HSA_ID")
        function.add_argument("--csr", required=True, type=Path, metavar="FILE", help="PKCS#10")
        function.add_argument("--name", action="append", default=[], help="default: all validated names")
        for way in (card, function):
            way.add_argument("--officer", required=True, metavar="HSA_ID", help="who decides; not proved")
            way.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="for the PEM files")

    def handle(self, *_: object, way: str, **options: object) -> None:
        """Issue, publish, write the files, and say what was made."""
        tools = Tools(signers=signers(), store=status_store(), clock=timezone.now)
        try:
            made = _card(options, tools) if way == "card" else _function(options, tools)
        except OSError as error:
            raise CommandError(f"a request cannot be read: {error}") from error
        except (CardRefused, FunctionRefused) as error:
            facts = ", ".join(f"{name} {value}" for name, value in error.refusal.facts)
            raise CommandError(f"refused: {error.refusal.code} {facts}".strip()) from error
        except (DomainError, PkiError) as error:
            facts = ", ".join(f"{name} {value}" for name, value in error.facts.items())
            raise CommandError(f"{error}" + (f" ({facts})" if facts else "")) from error
        folder = Path(str(options["out"]))
        folder.mkdir(parents=True, exist_ok=True)
        for name, certificate in made.items():
            parsed = x509.load_der_x509_certificate(bytes(certificate.certificate_der))
            (folder / f"{name}.pem").write_bytes(parsed.public_bytes(Encoding.PEM))
            self.stdout.write(f"{name}.pem: {certificate.issuer_id} {certificate.serial_hex}")
        self.stdout.write(f"{len(made)} issued and published in QA; their chain is public/qa/chain.pem")


def _card(options: dict[str, object], tools: Tools) -> dict[str, Certificate]:
    files = {name.value: options[name.value] for name in KeyName}
    return issue_for_card(
        card_number=str(options["card"]),
        requests={name: file.read_bytes() for name, file in files.items() if isinstance(file, Path)},
        officer=str(options["officer"]),
        tools=tools,
    )


def _function(options: dict[str, object], tools: Tools) -> dict[str, Certificate]:
    names, csr = options["name"], options["csr"]
    made = issue_for_function(
        hsa_id=str(options["function_object"]),
        csr=csr.read_bytes() if isinstance(csr, Path) else b"",
        names=[str(name) for name in names] if isinstance(names, list) else [],
        officer=str(options["officer"]),
        tools=tools,
    )
    return {"function": made}
