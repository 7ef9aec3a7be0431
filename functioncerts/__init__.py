"""Function certificates: for servers, clients and mailboxes; ordered, delivered and revoked."""
