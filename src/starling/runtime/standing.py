"""Why a bundle may run here: it came with the program, somebody whom the site trusts signed it, or nobody vouches.

Digest and golden vectors show that files belong together.  Whoever changes graph, golden vectors and digest together
passes them; that is what the digests in the program and signatures are for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from starling.errors import InputError, ModelError
from starling.runtime.bundle import DIGEST, SIGNATURE, Bundle
from starling.trust.keys import TrustedKey, fingerprint
from starling.trust.signature import Signature, read_signature
from starling.values import dataclass

#: What a signature of a bundle is for; its digest file is what is signed.
PURPOSE: Final = "starling.model/1 digest"

#: pinned: its digest stands in the program; signed: by a trusted key; unsigned: nobody is known to vouch for it
Kind = Literal["pinned", "signed", "unsigned"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Why the bundle may run, or what was waived; `words` say by whom, or why nobody."""

    kind: Kind
    words: str


UNSIGNED: Final = Standing("unsigned", "nobody who is trusted here has signed it")


def standing_of(bundle: Bundle, trusted: Sequence[TrustedKey]) -> Standing:
    """Who vouches for the bundle, whose digest is checked first.

    Raises: ModelError: MODEL_DAMAGED when the files are not those of the digest; MODEL_NOT_TRUSTED when there is a
    signature that fits nothing: such a bundle was tampered with, and no option lets it run.
    """
    digest = bundle.digest_check()
    if not digest.holds:
        raise ModelError("MODEL_DAMAGED", f"{bundle.source}: digest: {digest.detail}")
    if bundle.is_pinned:
        return Standing("pinned", "came with this program, which holds its digest")
    if SIGNATURE not in bundle.files:
        return Standing("unsigned", "it is not signed")
    signature = read_signature(bundle.files[SIGNATURE])
    if signature is None:
        raise ModelError("MODEL_NOT_TRUSTED", f"{bundle.source}: its signature is cut short, or is none")
    return _signed(bundle, signature, trusted)


def _signed(bundle: Bundle, signature: Signature, trusted: Sequence[TrustedKey]) -> Standing:
    try:
        fits = signature.fits(PURPOSE, bundle.files[DIGEST])
    except InputError as error:  # without the extra nobody can tell
        return Standing("unsigned", f"its signature cannot be checked: {error.message}")
    if not fits:
        raise ModelError("MODEL_NOT_TRUSTED", f"{bundle.source}: its signature is not one of this bundle")
    signer = fingerprint(signature.public)
    names = [key.name for key in trusted if key.public == signature.public]
    if not names:
        return Standing("unsigned", f"it is signed by a key that is not trusted here ({signer})")
    return Standing("signed", f"signed by {names[0]} (key {signer})")
