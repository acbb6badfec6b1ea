"""Many people at once: every distinct pattern is called once, and called again when the knowledge changes.

run         files -> calls, patterns, advice, positions, evidence                     START HERE
reanalyse   new knowledge -> who is affected
collect/    what is read of whom, kept as evidence      call/       evidence -> patterns -> results
tell/       advice, what changed, frequencies           workers     shards on processes or a Ray cluster
outputs     the files of a run                          outcomes    what can become of a shard
"""
