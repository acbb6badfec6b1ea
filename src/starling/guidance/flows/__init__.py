"""Guidelines that are decision trees instead of tables; each flow gives recommendations of its own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from starling.guidance.flows import peginterferon, warfarin
from starling.guidance.flows.answer import Flow

#: drug -> the flow that answers for it.
FLOWS: Final[Mapping[str, Flow]] = MappingProxyType(
    {drug: flow for flow in (peginterferon.FLOW, warfarin.FLOW) for drug in flow.drugs}
)
