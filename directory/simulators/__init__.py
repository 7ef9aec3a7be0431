"""HSA and PU as they behave, for demonstration and tests: SOAP over HTTP from a data file, with faults."""
