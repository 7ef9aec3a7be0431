"""The card factory: takes orders, personalizes virtual cards and puts them in the mail."""
