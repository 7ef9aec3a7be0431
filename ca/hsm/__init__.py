"""The keys: one signer process owns the token, everyone else asks it over a Unix socket."""
