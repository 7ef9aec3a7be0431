"""Explanations of what functioncerts refuses."""

from collections.abc import Mapping
from typing import Final

from portal.wordings.wording import Wording

FUNCTIONCERTS: Final[Mapping[str, Wording]] = {}
