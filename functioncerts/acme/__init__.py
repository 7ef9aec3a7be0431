"""ACME (RFC 8555): function certificates for programs that ask, prove and renew by themselves."""
