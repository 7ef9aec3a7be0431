"""Where a certificate says its status is to be had, and the same place on one node."""

from urllib.parse import urlsplit, urlunsplit

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID


def ocsp_urls(certificate: x509.Certificate) -> list[str]:
    """Return the OCSP addresses of a certificate (RFC 5280 section 4.2.2.1)."""
    return _access(certificate, AuthorityInformationAccessOID.OCSP)


def issuer_urls(certificate: x509.Certificate) -> list[str]:
    """Return where the certificate of its issuer lies."""
    return _access(certificate, AuthorityInformationAccessOID.CA_ISSUERS)


def crl_urls(certificate: x509.Certificate) -> list[str]:
    """Return the addresses of the list that covers a certificate (RFC 5280 section 4.2.1.13)."""
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return []
    return [name.value for point in points for name in point.full_name or []]


def delta_url(crl: x509.CertificateRevocationList, *, crl_url: str) -> str:
    """Return the address of a list's delta (RFC 5280 section 5.2.6); where it names none, by our naming."""
    try:
        points = crl.extensions.get_extension_for_class(x509.FreshestCRL).value
    except x509.ExtensionNotFound:
        return f"{crl_url.removesuffix('.crl')}-delta.crl"
    named = [name.value for point in points for name in point.full_name or []]
    return str(named[0]) if named else ""


def at_node(url: str, node: str) -> str:
    """Return an address as one node has it: the node's scheme, host and port, the address's path."""
    return urlunsplit(urlsplit(node)._replace(path=urlsplit(url).path, query="", fragment=""))


def _access(certificate: x509.Certificate, method: x509.ObjectIdentifier) -> list[str]:
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return []
    return [one.access_location.value for one in access if one.access_method == method]
