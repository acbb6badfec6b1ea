"""Learned models on the device, whatever they compute: checked before use, bounded, explained.

inputs    what a model takes: units, ranges, missing values; factors -> numbers
card      model.toml as values            bundle    files, digests, golden vectors
session   ONNX Runtime, CPU, one thread   [models]
interval  split-conformal intervals       explain   exact Shapley values over factors
"""
