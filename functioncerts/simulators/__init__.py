"""What stands in for outside services of function certificates, over their real protocols."""
