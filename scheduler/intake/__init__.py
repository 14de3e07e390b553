"""Intake: files as people have them, checked row by row, into the store."""
