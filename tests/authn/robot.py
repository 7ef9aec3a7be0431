"""A card client in a few lines: claims, signs with a soft key, answers over the real API."""

import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client

from authn import evidence
from authn.evidence import Question
from authn.models import AuthnOrder
from authn.qr import qr_text
from tests.authn.pki import key


def fresh_frame(order_ref: str, token: str, secret: bytes) -> str:
    """Return the code that a page shows now for an order: it is worth something for five seconds."""
    created = AuthnOrder.objects.values_list("created_at", flat=True).get(pk=order_ref)
    return qr_text(token, secret=secret, second=int((datetime.now(UTC) - created).total_seconds()))


@dataclass
class Robot:
    """One client process with its ephemeral key."""

    http: Client = field(default_factory=Client)
    client_key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    version: str = "1.0"
    system: object = None
    spki: str = evidence.NO_TLS_SPKI
    claimed: dict[str, object] = field(default_factory=dict)
    u: str = ""

    def call(
        self, path: str, body: dict[str, object], *, signed: bool = True
    ) -> tuple[int, dict[str, object]]:
        octets = json.dumps(body).encode()
        headers = {}
        if signed:
            jws = evidence.sign_request(self.client_key, method="POST", path=path, body=octets)
            headers = {evidence.SIGNATURE_HEADER: jws}
        response = self.http.post(path, octets, content_type="application/json", headers=headers)
        return response.status_code, response.json()

    def claim(self, token: str, *, member: str = "token") -> tuple[int, dict[str, object]]:
        status, answer = self.call(
            "/c/v1/claim",
            {
                member: token,
                "clientKey": evidence.client_key_of(self.client_key).as_jwk(),
                "app": "robot",
                "version": self.version,
                **({} if self.system is None else {"system": self.system}),
            },
            signed=False,
        )
        if status == 200:
            self.claimed = answer
        return status, answer

    def answer(self, certificate_der: bytes, *, label: str = "holder") -> dict[str, object]:
        """Return a right answer to what was claimed."""
        self.u = evidence.b64url(secrets.token_bytes(32))
        user_challenge = evidence.user_challenge_of(self.u)
        question = Question.from_json(self.claimed)
        tbs = evidence.to_be_signed(
            question,
            user_challenge=user_challenge,
            server_spki=self.spki,
            certificate_der=certificate_der,
        )
        return {
            "orderId": self.claimed["orderId"],
            "certificate": evidence.b64(certificate_der),
            "alg": "ES256",
            "signature": evidence.b64(key(label).sign(tbs, ec.ECDSA(hashes.SHA256()))),
            "userChallenge": user_challenge,
            "spki": self.spki,
        }

    def respond(self, certificate_der: bytes, *, label: str = "holder") -> tuple[int, dict[str, object]]:
        return self.call("/c/v1/respond", self.answer(certificate_der, label=label))

    def abort(self, reason: str) -> tuple[int, dict[str, object]]:
        return self.call("/c/v1/abort", {"orderId": self.claimed["orderId"], "reason": reason})
