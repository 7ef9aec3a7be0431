"""Child process that proves a copy of the token: it signs with every key and verifies each signature."""

import base64
import json
import secrets
import sys
from pathlib import Path

from ca.hsm.configuration import TokenConfiguration
from ca.hsm.token_opening import open_session
from ca.hsm.token_session import TokenSession


def prove_keys(session: TokenSession, public_keys: dict[str, bytes]) -> None:
    """Sign with every key and verify against the public half that it must have.

    Raises ``TokenFault`` or ``SignatureInvalid`` at the first key that does not.
    """
    for label, public_key in public_keys.items():
        message = secrets.token_bytes(32)
        algorithm = session.algorithm(label)
        signature = session.sign(label, message, algorithm)
        algorithm.verify(public_key=public_key, signature=signature, signed=message)


def main() -> None:
    """Read one question from standard input; exit 0 when every key signs."""
    question = json.load(sys.stdin)
    home = Path(question["home"])
    configuration = TokenConfiguration(
        module=Path(question["module"]),
        label=question["label"],
        pin_file=Path(question["pin_file"]),
        home=home,
        run=home,
        is_file_token=True,
    )
    with open_session(configuration) as session:
        prove_keys(session, {label: base64.b64decode(key) for label, key in question["keys"].items()})


if __name__ == "__main__":
    main()
