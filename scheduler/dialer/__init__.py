"""A reference dialer: a small real client of the service, for tests and as an example."""
