"""Status and event reports over what the other apps hold; read only."""
