"""The files that a ceremony leaves: for relying parties, and for the signer to compare its keys with."""

from pathlib import Path

from django.conf import settings

from ca.ceremony.recorded import protocol_file
from ca.environments import Environment
from ca.hsm.configuration import TokenConfiguration
from ca.models import Certificate
from ca.published_files import write_whole
from ca.registration import OCSP_SIGNER
from ca.selectors import certificate_pem, chain_pem, issuers


def publish_files(environment: Environment) -> None:
    """Write every issuer's certificate and chain, and the bundle of all that are not revoked, root last."""
    public = Path(settings.SIGILL_PUBLIC)
    all_issuers = issuers(environment)
    for issuer in all_issuers:
        write_whole(public / "aia" / f"{issuer.file_stem}.cer", bytes(issuer.certificate_der))
        write_whole(public / "chains" / f"{issuer.key}.pem", chain_pem(issuer).encode())
    root, *others = all_issuers
    trusted = [one for one in others if one.revoked_at is None]
    bundle = "".join(certificate_pem(bytes(one.certificate_der)) for one in [*trusted, root])
    # What lies in public/ itself is what this installation's own login trusts: PROD's.
    folder = public / "qa" if environment is Environment.QA else public
    write_whole(folder / "chain.pem", bundle.encode())
    write_whole(folder / "root.pem", certificate_pem(bytes(root.certificate_der)).encode())


def write_certificate(
    label: str, certificate: Certificate, *, environment: Environment, configuration: TokenConfiguration
) -> None:
    """Write what the signer compares its key with, and the certificate that commands ask for by name."""
    certificate_der = bytes(certificate.certificate_der)
    if certificate.profile != OCSP_SIGNER:  # those keys are replaced every month
        write_whole(configuration.certificates / f"{label}.cer", certificate_der)
    folder = protocol_file(environment).parent
    write_whole(folder / f"{label}.pem", certificate_pem(certificate_der).encode())
