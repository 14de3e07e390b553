"""The decision log: every answer, with what it stood on, written down before it leaves."""
