"""Changes of the schema, in order. Each must run with the previous release."""
