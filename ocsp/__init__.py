"""Certificate status: signed ahead, stored by CertID, served as bytes."""
