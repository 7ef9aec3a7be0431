"""The key ceremony: makes the keys, certifies them, publishes the first CRLs and writes its protocol."""
