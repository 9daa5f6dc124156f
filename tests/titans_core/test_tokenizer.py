"""What the tokenizer promises, for any text."""

import copy
import json
from itertools import pairwise

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st

from titans_core.tasks import corpus
from titans_core.tasks.words import PLAIN, WORLD
from titans_core.tokenizer import BEGIN, JOIN, SHIPPED, VOCAB_SIZE, Decoder, Tokenizer, hold_back, train

TOKENIZER = Tokenizer.load()

# Few characters, so that those which matter to the cuts meet often.
TRICKY = st.text(alphabet=" \n\t.'’\"_-aBé7٣½क\u0301\u200f\x00\x1c\u00a0🙂漢א", max_size=40)
TEXT = st.one_of(
    TRICKY, st.text(), st.lists(st.sampled_from(("Mara", " ", "  ", "\n", "4", '"', "is"))).map("".join)
)
IDS = st.lists(st.integers(0, TOKENIZER.vocab_size - 1), max_size=40)


def tokens(text: str, opening: bool = True) -> list[str]:
    """The tokens as strings that keep the space which a JOIN takes away; JOIN itself is "+"."""
    names = {TOKENIZER.join: "+"}
    spell = TOKENIZER.token_bytes
    return [names.get(i) or spell[i].decode() for i in TOKENIZER.encode(text, opening)]


@given(TEXT, st.booleans())
def test_any_text_comes_back_exactly(text: str, opening: bool) -> None:
    assert TOKENIZER.decode(TOKENIZER.encode(text, opening), opening) == text


@pytest.mark.parametrize(
    "text",
    [
        "".join(map(chr, range(256))),
        "👩‍👩‍👧‍👦 family, 🏳️‍🌈 flag, e\u0301 beside é",
        "שלום, עולם! مرحبا بالعالم ١٢٣",
        "漢字かな交じり文。\u3000全角スペース",
        "<begin> <join> [JOIN] <|endoftext|> <unk> [PAD] Ġword Ċ",
        "\ufeffbyte order mark, \u2028 line separator, \U0010ffff the last code point",
        " one space before and two after  ",
        "\r\n\r\n\t mixed \x0b\x0c white \x85 space \u2003",
    ],
)
def test_strange_but_valid_text_comes_back_exactly(text: str) -> None:
    for opening in (True, False):
        assert TOKENIZER.decode(TOKENIZER.encode(text, opening), opening) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("attic", [" attic"]),
        ("The attic", [" The", " attic"]),
        ("\nattic", ["\n", "+", " attic"]),
        ('"attic"', ['"', "+", " attic", '"']),
        ("(attic-key)", ["(", "+", " attic", "-", "+", " key", ")"]),
        (" attic", [" ", " attic"]),
        ("key  attic", [" key", " ", " attic"]),
        ("4071 is 4 0 7 1", [" 4", "0", "7", "1", " is", " 4", " 0", " 7", " 1"]),
        ("key7", [" key", "+", " 7"]),
    ],
)
def test_a_word_costs_the_same_token_wherever_it_stands(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


def test_a_text_that_goes_on_with_a_bare_word_says_so() -> None:
    assert tokens("attic", opening=False) == ["+", " attic"]
    assert tokens(" attic", opening=False) == [" attic"]
    assert TOKENIZER.decode(TOKENIZER.encode("the") + TOKENIZER.encode("attic", opening=False)) == "theattic"


def test_every_word_of_the_world_is_one_token() -> None:
    split = [word for word in (*WORLD, *PLAIN, *"0123456789") if len(TOKENIZER.encode(word)) != 1]
    assert split == []


def test_an_answer_is_its_bare_value_and_a_full_stop() -> None:
    assert tokens("Where is the red key? attic.")[-3:] == ["?", " attic", "."]


@given(st.lists(TEXT, max_size=6))
def test_a_text_held_back_at_any_cuts_gives_the_same_tokens(parts: list[str]) -> None:
    ids: list[int] = []
    held, opening = "", True
    for part in parts:
        held += part
        cut = hold_back(held)
        ids += TOKENIZER.encode(held[:cut], opening)
        opening = opening and cut == 0
        held = held[cut:]
    ids += TOKENIZER.encode(held, opening)
    assert ids == TOKENIZER.encode("".join(parts))


@pytest.mark.parametrize(
    ("text", "released"),
    [("Mara put the r", "Mara put the"), ("key. \n", "key."), ("Mara", ""), ("  ", ""), ("", ""), (" a", "")],
)
def test_what_is_held_back_begins_with_the_last_white_space(text: str, released: str) -> None:
    assert text[: hold_back(text)] == released


@given(IDS, st.booleans())
def test_pieces_of_any_ids_concatenate_to_the_decoded_text(ids: list[int], opening: bool) -> None:
    pieces = TOKENIZER.pieces(ids, opening)
    assert len(pieces) == len(ids)
    assert "".join(pieces) == TOKENIZER.decode(ids, opening)


@given(st.binary(max_size=30))
def test_bytes_that_are_no_text_become_replacement_characters(data: bytes) -> None:
    ids = [TOKENIZER.token_bytes.index(bytes([byte])) for byte in data]
    assert TOKENIZER.decode(ids, opening=False) == data.decode(errors="replace")


def test_a_split_character_belongs_to_the_token_that_completes_it() -> None:
    ids = TOKENIZER.encode("🙂.")
    assert TOKENIZER.pieces(ids) == [""] * (len(ids) - 2) + ["🙂", "."]
    assert TOKENIZER.pieces(ids[:2]) == ["", "\ufffd"]


@given(IDS, st.lists(st.integers(0, 40)))
def test_a_decoder_that_is_stopped_copied_and_stored_gives_the_same_pieces(
    ids: list[int], cuts: list[int]
) -> None:
    decoder, pieces, start = Decoder(TOKENIZER), [], 0
    for cut in [*sorted(cuts), len(ids)]:
        copy.copy(decoder).feed(ids)  # leaves the original as it was
        decoder = Decoder.from_json(TOKENIZER, json.loads(json.dumps(decoder.to_json())))
        pieces += decoder.feed(ids[start:cut])
        start = max(start, cut)
    assert "".join(pieces) + decoder.flush() == TOKENIZER.decode(ids)


@given(TEXT)
def test_no_text_reaches_begin_and_none_writes_join_before_anything_but_a_space(text: str) -> None:
    ids = TOKENIZER.encode(text)
    assert TOKENIZER.begin not in ids
    assert ids[-1:] != [TOKENIZER.join]
    for this, following in pairwise(ids):
        assert this != TOKENIZER.join or TOKENIZER.token_bytes[following].startswith(b" ")


def test_begin_opens_a_stream_and_shows_nothing() -> None:
    ids = [TOKENIZER.begin, *TOKENIZER.encode("Mara likes soup.")]
    assert TOKENIZER.pieces(ids, opening=False)[:2] == ["", "Mara"]


def test_merges_never_cross_a_cut() -> None:
    for spelling in TOKENIZER.token_bytes:
        text = spelling.decode(errors="replace")
        assert not text.strip() or not any(c.isspace() for c in text[1:])
        assert sum(c.isdecimal() for c in text) <= 1
        letters = {c.isalnum() for c in text.strip() if c not in "'’\ufffd"}
        assert len(letters) <= 1


@pytest.mark.parametrize("text", ["\ud800", "Mara\udfff put", "ok \ud83d"])
def test_half_a_surrogate_pair_is_refused_with_its_position(text: str) -> None:
    at = next(n for n, c in enumerate(text) if "\ud800" <= c <= "\udfff")
    with pytest.raises(ValueError, match=f"character {at} of the text is half of a surrogate pair"):
        TOKENIZER.encode(text)


@pytest.mark.parametrize("token", [-1, TOKENIZER.vocab_size])
def test_an_id_beyond_the_vocabulary_is_refused(token: int) -> None:
    with pytest.raises(ValueError, match=f"token id {token} is not in"):
        TOKENIZER.decode([token])
    with pytest.raises(ValueError, match=f"token id {token} is not in"):
        TOKENIZER.name(token)


def test_training_again_gives_the_shipped_vocabulary(tmp_path) -> None:
    train(corpus(seed=0)).save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == SHIPPED.read_bytes()
    assert TOKENIZER.vocab_size == VOCAB_SIZE


def test_a_saved_tokenizer_loads_and_codes_the_same(tmp_path) -> None:
    TOKENIZER.save(tmp_path / "copy.json")
    text = "Mara put the red key in the attic.\nZimorka 4071!"
    assert Tokenizer.load(tmp_path / "copy.json").encode(text) == TOKENIZER.encode(text)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b'{"model": 3}'])
def test_a_file_that_is_no_tokenizer_is_named(tmp_path, content: bytes) -> None:
    (tmp_path / "wrong.json").write_bytes(content)
    with pytest.raises(ValueError, match="wrong.json is not a tokenizer file"):
        Tokenizer.load(tmp_path / "wrong.json")


def test_a_vocabulary_without_all_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match="256 bytes"):
        Tokenizer(tokenizers.Tokenizer(tokenizers.models.BPE()))


def test_a_file_is_read_as_it_is_now_and_a_missing_one_is_told(tmp_path) -> None:
    path = tmp_path / "mine.json"
    with pytest.raises(ValueError, match="cannot be read"):
        Tokenizer.load(path)
    TOKENIZER.save(path)
    first = Tokenizer.load(path)
    train(["a few other words " * 9], 300).save(path)
    assert Tokenizer.load(path).vocab_size != first.vocab_size
    assert Tokenizer.load() is Tokenizer.load()


def test_a_token_is_named_so_that_it_can_be_seen() -> None:
    tokenizer = Tokenizer.load()
    known = {spelled: token for token, spelled in enumerate(tokenizer.token_bytes)}
    assert [tokenizer.name(known[text]) for text in (b" the", b"\n")] == [" the", "\n"]
    assert [tokenizer.name(known[byte]) for byte in (b"\xe2", b"\x07")] == ["⟨E2⟩", "⟨07⟩"]
    assert (tokenizer.name(tokenizer.begin), tokenizer.name(tokenizer.join)) == (BEGIN, JOIN)
