"""What to say for each code of an error or refusal: which rule, and on which data. One file a part."""
