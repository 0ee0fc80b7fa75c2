"""Column store of recordings: returns the recordings that were appended."""

from hypothesis import given, settings
from hypothesis import strategies as st

from kwspipe.dataset.listing import SPLIT_CODES, Listing
from kwspipe.dataset.recordings import SPLITS, Recording

names = st.text(max_size=12)  # includes slashes, line ends and surrogates
splits = st.sampled_from([None, *SPLITS])


@st.composite
def recordings(draw: st.DrawFn, origins: st.SearchStrategy = names) -> list[Recording]:
    rows = st.builds(Recording, names, names, names, splits, origins, names, st.integers(0, 2**62))
    return draw(st.lists(rows, max_size=12))


@settings(deadline=None, max_examples=80)
@given(recordings() | recordings(st.tuples(st.integers())))
def test_recordings_are_returned_unchanged(found: list[Recording]):
    listing = Listing.of(found)
    assert list(listing) == found
    assert [listing[index] for index in range(len(listing))] == found
    assert list(listing[2:5]) == found[2:5]
    assert Listing.of(listing) is listing
    assert (listing == Listing.of(found) and listing != Listing.of([*found, *found, *found][1:])) or not found


def test_names_that_are_not_utf8_keep_their_bytes():
    odd = b"/data/one/\xff\xfe.wav".decode("utf-8", "surrogateescape")
    assert Listing.of([Recording("one/x.wav", "one", "x", None, odd, "1")])[0].origin == odd


@settings(deadline=None, max_examples=40)
@given(recordings())
def test_recordings_are_grouped_by_word_and_split(found: list[Recording]):
    by_word = Listing.of(found).by_word()
    assert list(by_word) == list(dict.fromkeys(r.word for r in found))
    for word, members in by_word.items():
        assert list(members) == [r for r in found if r.word == word]
        for split in SPLITS:
            assert list(members.in_split(split)) == [r for r in found if (r.word, r.split) == (word, split)]


def test_splits_are_replaced_in_a_copy():
    found = Listing.of(Recording(f"one/{n}.wav", "one", f"s{n}", None, "", "") for n in range(4))
    odd = found[1::2]
    split = odd.with_splits(SPLIT_CODES["testing"] * (odd.speakers()[2] + 1))
    assert [(r.speaker, r.split) for r in split] == [("s1", "testing"), ("s3", "testing")]
    assert {r.split for r in found} == {None}


def test_a_recording_takes_little_memory():
    """With the file names of Speech Commands (2600 speakers, 35 words); a Recording object takes 650 bytes."""
    listing = Listing.of(
        Recording(path, f"word{n % 35}", f"{n % 2600:08x}", None, f"/data/speech_commands/{path}", "32044", n)
        for n in range(2000)
        for path in [f"word{n % 35}/{n % 2600:08x}_nohash_{n // 2600}.wav"]
    )
    assert listing.num_bytes / len(listing) < 130
