"""The tree and the notes of the log, against the published test vectors and plain definitions."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.log import note, tree

# The leaves and roots of the Certificate Transparency project's own tests of RFC 6962.
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
PATHS = {  # (leaf, size) -> the path of its proof
    (0, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (5, 8): (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 3): ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",),
    (1, 5): (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
}
GROWN = {  # (old size, size) -> the path of the proof
    (1, 8): PATHS[0, 8],
    (6, 8): (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 5): (
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
}


def hashes(count: int) -> bytes:
    if count <= len(ENTRIES):
        return b"".join(tree.leaf_hash(one) for one in ENTRIES[:count])
    return b"".join(tree.leaf_hash(str(one).encode()) for one in range(count))


def plain_root(leaves: list[bytes]) -> bytes:
    """MTH as RFC 9162 defines it, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + plain_root(leaves[:k]) + plain_root(leaves[k:])).digest()


def cut(leaves: bytes) -> list[bytes]:
    return [leaves[at : at + 32] for at in range(0, len(leaves), 32)]


@pytest.mark.parametrize("size", range(9))
def test_published_roots(size: int) -> None:
    edge, _ = tree.Edge().grow(hashes(size))
    assert edge.root.hex() == ROOTS[size]
    assert tree.head(0, size, tree.nodes_of(hashes(8))).hex() == ROOTS[size]


@pytest.mark.parametrize(("leaf", "size"), PATHS)
def test_published_inclusion_proofs(leaf: int, size: int) -> None:
    path = tree.inclusion(leaf, size, tree.nodes_of(hashes(8)))
    assert tuple(one.hex() for one in path) == PATHS[leaf, size]
    one, root = tree.leaf_hash(ENTRIES[leaf]), bytes.fromhex(ROOTS[size])
    assert tree.included(one, leaf, size, path, root)
    assert not tree.included(one, leaf ^ 1, size, path, root)


@pytest.mark.parametrize(("old", "size"), GROWN)
def test_published_consistency_proofs(old: int, size: int) -> None:
    path = tree.consistency(old, size, tree.nodes_of(hashes(8)))
    assert tuple(one.hex() for one in path) == GROWN[old, size]
    before, after = bytes.fromhex(ROOTS[old]), bytes.fromhex(ROOTS[size])
    assert tree.consistent(old, before, size, after, path)
    assert not tree.consistent(old, after, size, after, path)


@given(st.lists(st.integers(0, 700), max_size=6))
def test_a_tree_grown_in_steps_is_the_tree(steps: list[int]) -> None:
    total = sum(steps)
    leaves = hashes(total)
    edge, at, kept = tree.Edge(), 0, b""
    for step in steps:
        edge, tiles = edge.grow(leaves[at * 32 : (at + step) * 32])
        at, kept = at + step, kept + tiles
    assert edge.size == total
    assert edge.root == plain_root(cut(leaves))
    tile = 1 << tree.TILE
    whole = [plain_root(cut(leaves)[at : at + tile]) for at in range(0, total - tile + 1, tile)]
    assert cut(kept) == whole


@given(st.integers(1, 130), st.data())
def test_proofs_hold_and_others_do_not(size: int, data: st.DataObject) -> None:
    leaves = hashes(size)
    root, node = plain_root(cut(leaves)), tree.nodes_of(leaves)
    leaf = data.draw(st.integers(0, size - 1))
    path = tree.inclusion(leaf, size, node)
    one = cut(leaves)[leaf]
    assert tree.included(one, leaf, size, path, root)
    assert not tree.included(one, leaf, size, [*path, one], root)
    if path:
        assert not tree.included(one, leaf, size, path[:-1], root)
        assert not tree.included(sha256(one).digest(), leaf, size, path, root)
    old = data.draw(st.integers(0, size))
    before = plain_root(cut(leaves)[:old])
    grown = tree.consistency(old, size, node)
    assert tree.consistent(old, before, size, root, grown)
    if 0 < old < size:
        assert not tree.consistent(old, sha256(before).digest(), size, root, grown)
        assert not tree.consistent(old, before, size, sha256(root).digest(), grown)
        assert not tree.consistent(old, before, size, root, grown[:-1])


SIGNER = note.Signer("example.com/log", bytes(range(32)))


def test_a_note_is_opened_by_its_key_alone() -> None:
    made = note.sign("example.com/log\nhello\n", SIGNER)
    assert note.opened(made, SIGNER.verifier) == "example.com/log\nhello\n"
    other = note.Signer("example.com/log", bytes(32)).verifier
    with pytest.raises(note.NotANote, match="not signed by"):
        note.opened(made, other)
    with pytest.raises(note.NotANote, match="does not hold"):
        note.opened(made.replace("hello", "hullo"), SIGNER.verifier)
    for bad in ("", "hello\n", made[:-1], made.replace("— ", "- "), f"{made}junk\n"):
        with pytest.raises(note.NotANote):
            note.opened(bad, SIGNER.verifier)


def test_a_signature_is_written_in_one_way() -> None:
    """The last letter before the padding has two bits that say nothing: they must be none."""
    made = note.sign("example.com/log\nhello\n", SIGNER)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    assert made.endswith("=\n")
    for bits in (1, 2, 3):
        other = letters[letters.index(made[-3]) | bits]
        with pytest.raises(note.NotANote, match="as it is written"):
            note.opened(f"{made[:-3]}{other}=\n", SIGNER.verifier)


def test_others_may_sign_a_note_too() -> None:
    made = note.sign("x\n", SIGNER)
    witness = note.Signer("witness", bytes(32))
    both = made + note.sign("x\n", witness).rpartition("\n\n")[2]
    assert note.opened(both, SIGNER.verifier) == note.opened(both, witness.verifier) == "x\n"


def test_keys_are_read_as_they_are_written() -> None:
    assert note.read_verifier(str(SIGNER.verifier)) == SIGNER.verifier
    assert note.read_signer(SIGNER.secret()) == SIGNER
    assert "0" * 8 not in repr(SIGNER)
    for bad in ("", "x", "a+b", "a b+00000000+AA==", f"{SIGNER.verifier}"[:-4], SIGNER.secret()):
        with pytest.raises(note.NotANote):
            note.read_verifier(bad)
    changed = str(SIGNER.verifier).replace("example.com", "example.org")
    with pytest.raises(note.NotANote, match="hash in the key"):
        note.read_verifier(changed)


def test_the_published_verifier_key_is_read() -> None:
    """The key of the Go checksum database, which stands in the Go source."""
    text = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
    assert str(note.read_verifier(text)) == text


def test_checkpoints_are_read_as_they_are_written() -> None:
    one = note.Checkpoint("example.com/log", 7, bytes(32), (("before", "none"), ("at", "x y")))
    assert note.read_checkpoint(one.text()) == one
    assert one.value("at") == "x y"
    assert one.value("other") is None
    for bad in ("", "a\n1\n", "a\n01\nAAAA\n", f"a\n1\n{'A' * 8}\n", one.text() + "\n"):
        with pytest.raises(note.NotANote):
            note.read_checkpoint(bad)
