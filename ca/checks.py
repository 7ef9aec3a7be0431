"""Django system checks of the CA: no management command runs on settings that the ceremony contradicts."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error

from ca.ceremony.recorded import changed_settings


def check_recorded_settings(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001 - Django's signature
    **_: Any,  # noqa: ANN401 - Django's signature
) -> list[CheckMessage]:
    """Return an error for each setting that is not what the ceremony recorded."""
    return [Error(sentence, id="ca.E001") for sentence in changed_settings()]
