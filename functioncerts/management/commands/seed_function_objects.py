"""Registers and validates the demo's function objects of Region Norr."""

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ca.environments import Environment
from directory.models import Organization
from functioncerts.lifecycle import register_function_object
from functioncerts.models import FunctionKind
from functioncerts.validations import validate_names
from journal.actor import Actor

OWNER = "Region Norr"
FUNCTION_OBJECTS = (
    (
        "JOURNAL",
        FunctionKind.SERVER,
        "Journalsystemet",
        ("journal.regionnorr.test", "journal-api.regionnorr.test"),
    ),
    ("REMISS", FunctionKind.CLIENT, "Remissklienten", ("remiss.regionnorr.test",)),
    ("LABB", FunctionKind.CLIENT, "Labbklienten", ("labb.regionnorr.test",)),
    ("BREVLADA", FunctionKind.EMAIL, "Akutmottagningens brevlåda", ("akuten@regionnorr.test",)),
    ("QAJOURNAL", FunctionKind.SERVER, "Journalsystemet i QA", ("qa.journal.regionnorr.test",)),
)
OF_QA = frozenset({"QAJOURNAL"})


class Command(BaseCommand):
    """seed_function_objects: for the demo only; run again it changes nothing."""

    help = "Registers and validates the demo's function objects of Region Norr."

    def handle(self, **_options: object) -> None:
        """Register what is missing and print what there is."""
        owner = Organization.objects.filter(name=OWNER).first()
        if owner is None:
            raise CommandError(f"{OWNER} is not known: run `manage.py sync hsa` first.")
        actor, at = Actor.system("seed_function_objects"), timezone.now()
        for suffix, kind, name, names in FUNCTION_OBJECTS:
            hsa_id = f"{owner.hsa_id.partition('-')[0]}-{suffix}"
            known = register_function_object(
                hsa_id=hsa_id,
                kind=kind,
                name=name,
                organization=owner,
                environment=Environment.QA if suffix in OF_QA else Environment.PROD,
                actor=actor,
                at=at,
            )
            if not known.name_validations.exists():
                validate_names(hsa_id=hsa_id, names=names, actor=actor, at=at)
            self.stdout.write(
                f"{hsa_id}  {known.environment:<4}  {kind.value:<6}  {name}  {', '.join(names)}"
            )
