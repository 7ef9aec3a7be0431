"""Starts the signer: the one process that opens the token. ``python -m worker.mains.signer``."""

import os
import sys

from django.conf import settings

from ca.ceremony.recorded import changed_settings
from ca.hsm.installation import token_configuration
from ca.hsm.server import log_to_stderr, run


def main() -> int:
    """Serve until SIGTERM; return the exit status."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    log_to_stderr()
    changed = changed_settings()
    if changed:
        sys.stderr.writelines(f"signer: {sentence}\n" for sentence in changed)
        return 2
    configuration = token_configuration()
    if not configuration.pin_file.exists():
        sys.stderr.write(
            "signer: there is no PIN yet; hold the key ceremony first (manage.py key_ceremony)\n"
        )
        return 2
    return run(configuration=configuration, socket_path=settings.SIGILL_SIGNER_SOCKET)


if __name__ == "__main__":
    sys.exit(main())
