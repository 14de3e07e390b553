"""The made-up portfolio that examples, tests and demonstrations run on."""
