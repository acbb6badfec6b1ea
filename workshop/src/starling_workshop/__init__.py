"""What makes and measures Starling and never runs at the bedside: a distribution of its own.

simulation  synthetic patients and populations with known truth (`starling simulate`)
training    the models that `starling dose` loads, from data, bit for bit
"""

from __future__ import annotations

__version__ = "0.1.0"
