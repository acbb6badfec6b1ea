"""Makes model bundles from data; never imported by anything that runs at the bedside.

data      the consortium's table -> cohort, with the appendix's rules for linked sites
robust    fits that see differences within hospitals, not between them
teacher   an ensemble of them                student   the same answers in a few kilobytes
evaluate  folds, left-out hospitals, groups  export    ONNX, model.toml, golden vectors, digest
warfarin  `python -m starling_workshop.training.warfarin DATA BUNDLE`: all of it
"""
