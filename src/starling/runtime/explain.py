"""Why this number: exact Shapley values over factors, and what would have been.

Source: Shapley 1953; with ten factors all 2^10 coalitions are computed, so nothing is sampled or approximated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import factorial

from starling.runtime.inputs import Factors, Value

#: many patients in, one output each
Evaluate = Callable[[Sequence[Factors]], Sequence[float]]

#: more factors than this would make the batch too large for a small device
MOST_FACTORS = 12


def shapley(evaluate: Evaluate, factors: Factors, reference: Factors) -> tuple[float, float, dict[str, float]]:
    """The typical patient's output, this patient's, and by how much each factor moves it; exact, in one batch.

    The first number plus all amounts is the second, to the last bits of double precision.
    Raises: ValueError when there are more factors than can be computed exactly.

    >>> def product(batch): return [each["a"] * each["b"] for each in batch]
    >>> shapley(product, {"a": 3.0, "b": 5.0}, {"a": 1.0, "b": 1.0})  # the joint effect is shared equally
    (1.0, 15.0, {'a': 6.0, 'b': 8.0})
    """
    names = list(reference)
    if len(names) > MOST_FACTORS:
        raise ValueError(f"{len(names)} factors are too many for an exact explanation")
    outputs = [float(output) for output in evaluate(list(_coalitions(names, factors, reference)))]
    weights = [factorial(size) * factorial(len(names) - size - 1) / factorial(len(names)) for size in range(len(names))]
    amounts = {}
    for position, name in enumerate(names):
        bit = 1 << position
        amounts[name] = sum(
            weights[coalition.bit_count()] * (outputs[coalition | bit] - outputs[coalition])
            for coalition in range(len(outputs))
            if not coalition & bit
        )
    return outputs[0], outputs[-1], amounts


def _coalitions(names: Sequence[str], factors: Factors, reference: Factors) -> Iterator[dict[str, Value]]:
    """For every subset of factors, in binary order: those of this patient, the others of the typical one."""
    for coalition in range(1 << len(names)):
        yield {
            name: factors[name] if coalition >> position & 1 else reference[name] for position, name in enumerate(names)
        }
