"""Runs the day and touches everything: store, portfolio, list, log, timer, permits, web."""
