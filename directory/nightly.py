"""When each register is read by itself. No Django here: the scheduler reads it before Django has begun."""

from collections.abc import Mapping
from datetime import time
from typing import Final

NIGHTLY: Final[Mapping[str, time]] = {"hsa": time(2), "pu": time(3)}
"""The Swedish clock time of each register's nightly reading."""
