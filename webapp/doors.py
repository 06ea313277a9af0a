"""The door of a room: its public names, each imported when somebody first asks for it, so that a worker takes only what it needs."""

from collections.abc import Callable
from importlib import import_module


def lazily(package: str, **modules: str) -> Callable[[str], object]:
    """The `__getattr__` (PEP 562) of `package`; `modules` says which of its modules gives which names, between spaces.

    Type checkers do not see through it: the same names are imported beside it `if TYPE_CHECKING`, and a test compares both.
    """
    places = {name: module for module, names in modules.items() for name in names.split()}

    def find(name: str) -> object:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{places[name]}"), name)

    return find
