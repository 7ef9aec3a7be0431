"""The settings that matter to an auditor, without secrets: what a process tells the journal at its start."""

import hashlib
import logging
import platform
from collections.abc import Mapping
from typing import Final

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from ca.told_addresses import ADDRESSES, in_certificates
from journal.actor import Actor
from journal.configuration import record_configuration

logger = logging.getLogger(__name__)

TOLD: Final = (
    "SIGILL_ENVIRONMENT",
    "SIGILL_NAME_PREFIX",
    "SIGILL_HIERARCHY",
    "SIGILL_POLICY_ARC",
    "SIGILL_QA_POLICY_ARC",
    "SIGILL_QA_MANUAL_UNTIL",
    "SIGILL_TOKEN_LABEL",
    "SIGILL_JOURNAL_ORIGIN",
    "SIGILL_JOURNAL_SEQUENCING_LIMIT_SECONDS",
    "SIGILL_JOURNAL_SIGNING_LIMIT_SECONDS",
    "SIGILL_RETENTION_YEARS",
    "SIGILL_RETENTION_TECHNICAL_MONTHS",
    "SIGILL_SYNC_COMPLETE_READS",
    "SIGILL_SYNC_CAP_PERSONS",
    "SIGILL_SYNC_CAP_PER_MILLE",
    "SIGILL_ROLE_UNUSED_DAYS",
    "SIGILL_BULK_WINDOW_HOURS",
    "SIGILL_APPOINTMENT_DAYS",
    "SIGILL_BULK_ORDER_ALONE",
    "SIGILL_ORDER_OUTDATED_DAYS",
    "SIGILL_PICTURE_DAYS",
    "SIGILL_FACTORY_FILE_DAYS",
    "SIGILL_PICTURE_UNUSED_HOURS",
    "SIGILL_HSA_LOGICAL_ADDRESS",
    "SIGILL_PU_LOGICAL_ADDRESS",
    "SIGILL_RP_ID",
    "SIGILL_MTLS_URL",
    "SIGILL_STEP_UP",
    "SIGILL_RETURN_CODE_ROLES",
    "SESSION_IDLE_SECONDS",
    "SESSION_ABSOLUTE_SECONDS",
    "AUTHN_CLIENT_LEAST_VERSION",
    "ALLOWED_HOSTS",
    "DEBUG",
)


def told_settings() -> Mapping[str, str]:
    """Return the settings as text; addresses that may hold a password only as what kind they are."""
    told = {name: str(getattr(settings, name)) for name in TOLD if hasattr(settings, name)}
    told["database"] = connection.vendor
    told["broker"] = str(settings.SIGILL_BROKER_URL).partition(":")[0]
    told["trusted_proxies"] = " ".join(str(network) for network in settings.SIGILL_TRUSTED_PROXIES)
    for name in ADDRESSES:
        told[name] = in_certificates(getattr(settings, name))
    told["https"] = str(settings.SIGILL_PORTAL_URL.startswith("https://"))
    told["python"] = platform.python_version()
    told["pkcs11_module"] = str(settings.SIGILL_PKCS11_MODULE).rpartition("/")[2]
    told["policy"] = _policy_digest()
    return told


def tell_configuration(process: str) -> None:
    """Record the settings of this process if they are new; a database that is away stops no start."""
    try:
        record_configuration(process, told_settings(), actor=Actor.system(process), at=timezone.now())
    except DatabaseError as error:
        logger.warning("%s: its settings could not be recorded: %s", process, error)


def _policy_digest() -> str:
    """Return a digest over every profile and hierarchy file: policy is data, and a change of it is told."""
    digest = hashlib.sha256()
    for folder in ("profiles", "hierarchies"):
        for path in sorted((settings.BASE_DIR / "ca" / folder).glob("**/*.toml")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
