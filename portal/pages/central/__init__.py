"""Pages of the central administration: issuers, key ceremonies, what keys have signed."""
