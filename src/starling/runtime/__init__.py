"""Learned models on the device, whatever they compute: checked before use, bounded, explained.

card      model.toml as values            bundle    files, digests, golden vectors
tensors   named inputs and outputs        session   ONNX Runtime on the CPU, within threads and deadline   [models]
golden    outputs that must come back           standing  who vouches for a bundle: the program, a trusted key, nobody
apart     a graph that did not come with the program, in a process of its own (child: the other end)

For models of named factors (a row for each patient, one number out):
inputs    units, ranges, missing values; factors -> numbers
interval  split-conformal intervals       explain   exact Shapley values over factors
"""
