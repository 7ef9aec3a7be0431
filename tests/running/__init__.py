"""A whole installation on private ports, and the people who use it: what e2e and fault tests stand on."""
