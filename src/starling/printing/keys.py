"""Where a site keeps the keys whose cards it believes; not those whose models it runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from starling.trust.keys import trust_file

#: names the file
CARD_VARIABLE: Final = "STARLING_CARD_TRUST"


def card_keys(environment: Mapping[str, str] = os.environ) -> Path:
    """`STARLING_CARD_TRUST`, else `card-keys` beside the keys of models."""
    named = environment.get(CARD_VARIABLE, "").strip()
    return Path(named) if named else trust_file(environment).with_name("card-keys")
