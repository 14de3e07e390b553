"""The steps, in order. A step that has been published is never edited; another one follows it."""
