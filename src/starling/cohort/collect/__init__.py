"""Files -> the evidence of a shard: who is in it, what their files state, and how the work is cut."""
