"""The quick way: compiled where the module was built (``build.py``), else in plain Python."""

import importlib.util
from collections.abc import Callable
from importlib.machinery import ExtensionFileLoader
from types import ModuleType
from typing import Final

from ocsp.responder.native import plain
from ocsp.responder.native.place import module_path
from ocsp.store.record import HEAD_SIZE, TAG_OCTETS


def compiled() -> ModuleType | None:
    """Load the compiled module; None where there is none, or one for another layout or Python."""
    path = module_path()
    if not path.exists():
        return None
    loader = ExtensionFileLoader("quick", str(path))
    specification = importlib.util.spec_from_loader("quick", loader)
    if specification is None:
        return None
    try:
        module = importlib.util.module_from_spec(specification)
        loader.exec_module(module)
    except ImportError:
        return None
    return module if (module.HEAD_SIZE, module.TAG_OCTETS) == (HEAD_SIZE, TAG_OCTETS) else None


_chosen: Final = compiled()
IS_COMPILED: Final = _chosen is not None
answer: Final[Callable[[list[object], bytes], tuple[bytes, bool] | None]] = (
    plain.answer if _chosen is None else _chosen.answer
)
