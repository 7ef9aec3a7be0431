"""Changing to-be-signed bytes on purpose, piece by piece."""

from collections.abc import Callable

from asn1crypto import core, parser, x509

from ca.pki import der

VERSION, SERIAL, ALGORITHM, ISSUER, VALIDITY, SUBJECT, KEY, EXTENSIONS = range(8)
CRL_VERSION, CRL_ALGORITHM, CRL_ISSUER, THIS_UPDATE, NEXT_UPDATE, REVOKED, CRL_EXTENSIONS = range(7)


def children(encoded: bytes) -> list[bytes]:
    """Return the encoded members of a SEQUENCE, SET or explicit tag."""
    content: bytes = parser.parse(encoded)[4]
    found, at = [], 0
    while at < len(content):
        header, body = parser.parse(content[at:])[3:5]
        found.append(content[at : at + len(header) + len(body)])
        at += len(header) + len(body)
    return found


def with_part(place: int, part: bytes) -> Callable[[bytes], bytes]:
    """Return a change that puts `part` into one place of a SEQUENCE; empty takes the place away."""

    def change(tbs_der: bytes) -> bytes:
        parts = children(tbs_der)
        parts[place] = part
        return der.sequence(*parts)

    return change


def _extensions_changed(
    tbs_der: bytes, change: Callable[[list[tuple[str, bool, bytes]]], list[tuple[str, bool, bytes]]]
) -> bytes:
    *head, last = children(tbs_der)
    found = []
    for encoded in children(children(last)[0]):
        extension = x509.Extension.load(encoded)
        value: bytes = extension["extn_value"].contents
        found.append((extension["extn_id"].dotted, extension["critical"].native, value))
    written = [der.extension(oid, value, critical=critical) for oid, critical, value in change(found)]
    return der.sequence(*head, der.explicit(last[0] & 0x1F, der.sequence(*written)))


def with_extension(dotted: str, value: bytes, *, critical: bool = False) -> Callable[[bytes], bytes]:
    """Return a change that gives an extension another value; one that is absent is added last."""

    def change(tbs_der: bytes) -> bytes:
        return _extensions_changed(
            tbs_der,
            lambda found: [*(one for one in found if one[0] != dotted), (dotted, critical, value)],
        )

    return change


def without_extension(dotted: str) -> Callable[[bytes], bytes]:
    """Return a change that takes an extension away."""
    return lambda tbs_der: _extensions_changed(
        tbs_der, lambda found: [one for one in found if one[0] != dotted]
    )


def with_criticality(dotted: str, *, critical: bool) -> Callable[[bytes], bytes]:
    """Return a change that marks an extension otherwise."""
    return lambda tbs_der: _extensions_changed(
        tbs_der,
        lambda found: [(oid, critical if oid == dotted else was, value) for oid, was, value in found],
    )


def doubled_extension(dotted: str) -> Callable[[bytes], bytes]:
    """Return a change that writes an extension twice."""
    return lambda tbs_der: _extensions_changed(
        tbs_der, lambda found: [*found, *(one for one in found if one[0] == dotted)]
    )


def rdn(dotted: str, value: bytes) -> bytes:
    """Return an RDN with one attribute whose value is encoded already."""
    return der.set_of_one(der.sequence(der.object_identifier(dotted), value))


def with_rdn(dotted: str, value: bytes) -> Callable[[bytes], bytes]:
    """Return a change that gives one attribute of the subject another encoded value."""

    def change(tbs_der: bytes) -> bytes:
        names = []
        for encoded in children(children(tbs_der)[SUBJECT]):
            oid = core.ObjectIdentifier.load(children(children(encoded)[0])[0]).dotted
            names.append(rdn(dotted, value) if oid == dotted else encoded)
        return with_part(SUBJECT, der.sequence(*names))(tbs_der)

    return change


def without_rdns(*dotted: str) -> Callable[[bytes], bytes]:
    """Return a change that takes attributes out of the subject."""

    def change(tbs_der: bytes) -> bytes:
        kept = [
            encoded
            for encoded in children(children(tbs_der)[SUBJECT])
            if core.ObjectIdentifier.load(children(children(encoded)[0])[0]).dotted not in dotted
        ]
        return with_part(SUBJECT, der.sequence(*kept))(tbs_der)

    return change
