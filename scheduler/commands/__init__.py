"""The commands, a module for each family; `scheduler.cli` puts them together."""
