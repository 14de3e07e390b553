"""What is true of a candidate: the catalogue, and its facts by plain functions."""
