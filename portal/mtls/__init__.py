"""The login host of two-way TLS and the names that ask for a certificate: a process of its own."""
