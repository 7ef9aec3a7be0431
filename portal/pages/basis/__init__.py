"""The basis lists: what the registers give cause to block or take away, and bulk decisions over it."""
