"""A reserve card handed to a person: by one administrator, by a second one, and fetched by its holder."""
