"""Genes with a rule of their own, one module each; docs/explanation/ says why the general rule fails for it."""
