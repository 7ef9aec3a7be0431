"""The token of this installation, as the settings name it."""

from pathlib import Path

from django.conf import settings

from ca.hsm.configuration import TokenConfiguration, is_file_token_module


def token_configuration() -> TokenConfiguration:
    """Return where the token is; nothing is opened and the PIN is not read."""
    module = Path(settings.SIGILL_PKCS11_MODULE)
    return TokenConfiguration(
        module=module,
        label=settings.SIGILL_TOKEN_LABEL,
        pin_file=settings.SIGILL_SECRETS / "hsm-pin",
        home=settings.SIGILL_HOME / "hsm",
        run=settings.SIGILL_RUN,
        is_file_token=is_file_token_module(module),
    )
