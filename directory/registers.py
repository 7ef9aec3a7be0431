"""The clients of the registers that the settings name, made once a process."""

from functools import lru_cache

from directory import configuration
from directory.hsa_client import HsaClient
from directory.pu_client import PuClient


@lru_cache(maxsize=1)
def hsa() -> HsaClient:
    """Return the client of HSA."""
    return HsaClient(configuration.hsa_endpoint(), include_feigned=configuration.test_objects_allowed())


@lru_cache(maxsize=1)
def pu() -> PuClient:
    """Return the client of PU."""
    return PuClient(
        configuration.pu_endpoint(),
        include_test_people=configuration.test_objects_allowed(),
        is_unrestricted=configuration.pu_is_unrestricted(),
    )


def forget() -> None:
    """Let the next call make new clients, for settings that changed."""
    hsa.cache_clear()
    pu.cache_clear()
