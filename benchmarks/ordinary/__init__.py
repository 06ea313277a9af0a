"""A news page with an entry form, written the ordinary way: what most teams would build first, and what ours is held against."""
