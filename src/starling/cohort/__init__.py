"""Many people at once: every distinct pattern is called once, and called again when the knowledge changes."""
