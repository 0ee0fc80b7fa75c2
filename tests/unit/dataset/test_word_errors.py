"""Errors of the words of the configuration."""

from collections.abc import Callable

import pytest

from kwspipe.config import DatasetConfig
from kwspipe.dataset.word_errors import check_words
from kwspipe.errors import KwspipeError

Make = Callable[..., DatasetConfig]


def test_a_word_listed_twice_is_an_error(make_dataset: Make):
    with pytest.raises(KwspipeError) as caught:
        check_words(make_dataset(words=("one", "two", "one")))
    assert str(caught.value) == (
        "dataset.words.2: 'one' for the second time. Allowed: each word once. Next: remove one of them"
    )


def test_a_word_in_two_unicode_forms_is_a_duplicate(make_dataset: Make):
    with pytest.raises(KwspipeError, match=r"dataset.words.1: 'grün' for the second time"):
        check_words(make_dataset(words=("grün", "gru\u0308n")))


def test_a_keyword_among_the_unknown_words_is_an_error(make_dataset: Make):
    with pytest.raises(KwspipeError, match=r"dataset.unknown_words.1: 'two', a keyword"):
        check_words(make_dataset(unknown_words=("cat", "two")))
