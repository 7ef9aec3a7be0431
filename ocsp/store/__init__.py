"""Where signed answers lie: one interface, LMDB behind it (no Django, no key)."""
