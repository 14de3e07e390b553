"""Facts of a whole part at once, as columns (Polars).

Every column here has a plain function in `engine.facts` that it is held equal to: by a property
test, and in each run by a seeded sample recomputed from raw rows (promise 4). What is rare and
intricate is computed by that plain function itself, for the few rows it can concern.
"""
