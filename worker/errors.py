"""How a consumer says that an entry may be taken later."""


class NotYet(Exception):
    """Something that the work needs is away (signer, factory); the entry waits and is tried again."""
