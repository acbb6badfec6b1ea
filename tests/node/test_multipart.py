"""A form with a file, whatever pieces it arrives in; and forms that are none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from starling.errors import InputError
from starling.node.multipart import filled

MARK = b"\r\n------x7"
TYPE = "multipart/form-data; boundary=----x7"


def body(content: bytes, *, name: str = "a.vcf", before: bytes = b"") -> bytes:
    parts = [
        b'------x7\r\nContent-Disposition: form-data; name="csrf"\r\n\r\ntoken\r\n',
        b'------x7\r\nContent-Disposition: form-data; name="name"\r\n\r\nM\xc3\xbcller\r\nand line two\r\n',
        before,
        f'------x7\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'.encode(),
        b"Content-Type: application/octet-stream\r\n\r\n" + content + b"\r\n------x7--\r\n",
    ]
    return b"".join(parts)


def pieces(whole: bytes, size: int) -> Iterator[bytes]:
    return (whole[at : at + size] for at in range(0, len(whole), size))


@given(st.binary(max_size=300) | st.text("\r\n-x7", max_size=60).map(str.encode), st.integers(1, 400))
def test_any_content_in_any_pieces_is_what_was_sent(content: bytes, size: int) -> None:
    if b"\r\n------x7" in content:
        return
    form = filled(TYPE, pieces(body(content), size))
    assert form.fields == {"csrf": "token", "name": "Müller\r\nand line two"} and form.name == "a.vcf"
    assert b"".join(form.pieces) == content


#: What is put into a sound form, which is none any more then.
ODD = (b"\r\n", b"--", b"------x7", b"\r\n------x7--", b"\0", b"\xff", b'"', b"filename=", b'name=""', b"a" * 9_000)
CHANGES = st.tuples(st.integers(0, 400), st.integers(0, 40), st.sampled_from(ODD) | st.binary(max_size=6))
KINDS = st.sampled_from([TYPE, TYPE.upper(), 'multipart/form-data; boundary="----x7"', TYPE + "; a=b"])


@given(st.lists(CHANGES, max_size=4), st.integers(1, 600), KINDS | st.text(max_size=80))
@example([(0, 400, b"")], 1, TYPE)
def test_fuzz_any_body_is_read_or_refused(changes: list[tuple[int, int, bytes]], size: int, kind: str) -> None:
    """Never another error, never more than was sent, and never much of it at once."""
    whole = body(b"##fileformat=VCFv4.2\r\n")
    for at, cut, put in changes:
        whole = whole[:at] + put + whole[at + cut :]
    try:
        form = filled(kind, pieces(whole, size))
        found = list(form.pieces)
    except InputError as error:
        assert error.code == "BAD_REQUEST"
        return
    assert sum(map(len, found)) + sum(len(value) for value in form.fields.values()) <= len(whole)
    assert max(map(len, found), default=0) <= size + len(MARK), "what has arrived is passed on"


def test_a_large_file_is_never_whole_in_memory() -> None:
    def arriving() -> Iterator[bytes]:
        whole = body(b"")
        at = whole.index(b"\r\n------x7--")
        yield whole[:at]
        for _ in range(2_000):
            yield bytes(1_000)
        yield whole[at:]

    form = filled(TYPE, arriving())
    assert max(map(len, form.pieces)) < 3_000


def test_a_form_without_a_file() -> None:
    form = filled(TYPE, [body(b"", name=""), b""])
    assert (form.name, b"".join(form.pieces)) == ("", b"")
    none = b'------x7\r\nContent-Disposition: form-data; name="csrf"\r\n\r\ntoken\r\n------x7--\r\n'
    assert filled(TYPE, [none]).fields == {"csrf": "token"}


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("text/plain", body(b"x")), ("multipart/form-data", body(b"x")), (TYPE + "x" * 80, b""),
        (TYPE, b""), (TYPE, b"x" * 10_000), (TYPE, body(b"x")[:100]), (TYPE, body(b"x")[:-20]),
        (TYPE, body(b"x").replace(b'name="csrf"', b"csrf")), (TYPE, body(b"x").replace(b"token", b"t" * 9_000)),
        (TYPE, body(b"x", before=b'------x7\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 50)),
        (TYPE, body(b"x").replace(b"------x7\r\n", b"------x7" + b"y" * 10)),
    ],
)  # fmt: skip
def test_attack_a_form_that_is_none_or_too_large_in_its_parts(kind: str, content: bytes) -> None:
    with pytest.raises(InputError) as refused:
        form = filled(kind, pieces(content, 1_000))
        assert b"".join(form.pieces) and not form.name
        raise InputError("BAD_REQUEST", "a form without a file")
    assert refused.value.code == "BAD_REQUEST"
