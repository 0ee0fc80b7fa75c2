"""Suggestions for unknown keys: the key of the same meaning, or keys of similar spelling."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from kwspipe.config import renamed_keys, schema
from kwspipe.config.common_names import SAME_MEANING, WITHOUT_COUNTERPART

MAX_SUGGESTIONS = 3
# Smallest similarity of a suggestion, and the largest difference to the most similar one (ratio of difflib, 0 to 1).
MIN_SIMILARITY, MAX_DIFFERENCE = 0.62, 0.12
# Difference in favour of keys of the same group.
SAME_GROUP = 0.15

# Choices of a group in conf/ whose name is not the value of their key.
_CHOICES = {"url": "mltk"}


def about_unknown_key(key: str, value: object, plain: Mapping[str, Any]) -> str:
    """Returns a sentence about a key that does not exist, with the keys that the user may have meant.

    Args:
        key: the dotted key.
        value: its value.
        plain: the configuration as plain data, which selects the members of unions.
    """
    if old := renamed_keys.hint(key, value):
        return old
    if elsewhere := [one for one in schema.all_keys() if one.path == key and one.choice]:
        choices = _alternatives(dict.fromkeys(_choice_text(one) for one in elsewhere))
        return f"{key}: exists only with {choices}"
    last = key.rpartition(".")[2].lower().replace("-", "_")
    similar = [path for path in _similar(key, plain) if path.rpartition(".")[2] == last]
    if last in WITHOUT_COUNTERPART:
        return f"{key}: unknown key. {WITHOUT_COUNTERPART[last]}"
    if last in SAME_MEANING or similar:
        return (
            f"{key}: unknown key. Use {_alternatives(map(_target_text, SAME_MEANING.get(last) or similar))}"
        )
    if found := _similar(key, plain):
        return f"{key}: unknown key. Closest known key{'s' if len(found) > 1 else ''}: {', '.join(found)}"
    return f"{key}: unknown key, and no key has a similar name. --cfg job lists all keys"


def _similar(key: str, plain: Mapping[str, Any]) -> list[str]:
    """Returns the known keys of similar spelling, the most similar first."""
    known = {one.path for one in schema.all_keys() if one.exists_in(plain)} | {"experiment"}
    scores = {path: _similarity(key, path) for path in known | {path.partition(".")[0] for path in known}}
    ordered = sorted(scores, key=lambda path: (-scores[path], path))
    lowest = max(MIN_SIMILARITY, scores[ordered[0]] - MAX_DIFFERENCE)
    return [path for path in ordered if scores[path] >= lowest][:MAX_SUGGESTIONS]


def _similarity(key: str, known: str) -> float:
    """Returns the similarity of two dotted keys: of the complete texts, or of their last parts."""
    (group, _, last), (known_group, _, known_last) = key.rpartition("."), known.rpartition(".")
    whole = _ratio(key.replace(".", "_"), known.replace(".", "_")) if not group or not known_group else 0.0
    return max(whole, _ratio(last, known_last) + (SAME_GROUP if group == known_group else 0.0))


def _ratio(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one.lower(), other.lower(), autojunk=False).ratio()


def _target_text(key: str) -> str:
    if key.endswith("="):
        return f"{key}<choice> (--help lists the choices)"
    choices = [_choice_text(one) for one in schema.all_keys() if one.path == key and one.choice]
    total = len(
        {
            one.choice
            for one in schema.all_keys()
            if one.choice and one.path.startswith(f"{key.partition('.')[0]}.")
        }
    )
    return f"{key} (with {_alternatives(dict.fromkeys(choices))})" if 0 < len(set(choices)) < total else key


def _alternatives(texts: Iterable[str]) -> str:
    *others, last = texts
    return f"{', '.join(others)} or {last}" if others else last


def _choice_text(key: schema.Key) -> str:
    group, _, value = key.choice or ("", "", "")
    return f"{group}={_CHOICES.get(value, value)}"
