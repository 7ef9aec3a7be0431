"""The clients of the registers that the settings name, made once a process."""

from functools import lru_cache

from directory import configuration
from directory.hsa_client import HsaClient
from directory.hsa_functions import HsaFunctionClient
from directory.pu_client import PuClient
from directory.pu_files import PuFileClient


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


@lru_cache(maxsize=1)
def hsa_functions() -> HsaFunctionClient:
    """Return the client of HSA's function objects."""
    return HsaFunctionClient(
        configuration.hsa_endpoint(), include_feigned=configuration.test_objects_allowed()
    )


@lru_cache(maxsize=1)
def pu_files() -> PuFileClient:
    """Return the client of PU's file orders."""
    return PuFileClient(
        configuration.pu_endpoint(),
        files=configuration.pu_files_endpoint(),
        include_test_people=configuration.test_objects_allowed(),
    )


def forget() -> None:
    """Let the next call make new clients, for settings that changed."""
    hsa.cache_clear()
    pu.cache_clear()
    hsa_functions.cache_clear()
    pu_files.cache_clear()
