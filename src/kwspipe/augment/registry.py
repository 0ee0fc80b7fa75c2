"""From a YAML list to transforms: the names it may have, and what is wrong with it."""

import difflib
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kwspipe.audio.pcm import Pcm
from kwspipe.augment.audiomentations_adapter import BORROWED, Borrowed
from kwspipe.augment.filters import LowerSampleRate, MicrophoneColour
from kwspipe.augment.level import AddBackgroundNoise, AddGaussianSNR, Gain, Overload, PolarityInversion
from kwspipe.augment.masks import SpecFrequencyMask, SpecTimeMask
from kwspipe.augment.parameters import number
from kwspipe.augment.random import CounterRng, Indices, Keys
from kwspipe.augment.room_simulator import RoomSimulator
from kwspipe.augment.speed import Speed
from kwspipe.augment.stretch import PitchShift, TimeStretch
from kwspipe.errors import ConfigError
from kwspipe.labels import SILENCE, UNKNOWN

# Ours, which work on whole batches. Where audiomentations has the name, they take its parameters.
OWN: dict[str, Callable[..., Any]] = {
    kind.__name__: kind
    for kind in (
        AddBackgroundNoise,
        AddGaussianSNR,
        Gain,
        LowerSampleRate,
        MicrophoneColour,
        Overload,
        PolarityInversion,
        RoomSimulator,
        SpecFrequencyMask,
        SpecTimeMask,
        Speed,
        TimeStretch,
        PitchShift,
    )
}
ALLOWED = tuple(sorted((*OWN, *BORROWED)))
# Every transform takes these besides its own.
COMMON = ("p", "labels")
DEFAULT_P = 0.5  # audiomentations' own


@dataclass(frozen=True)
class Step:
    """A transform of the list.

    Attributes:
        index: its place, which its draws depend on.
        transform: of any kind.
        p: share of the clips it acts on.
        labels: it acts on clips of these only; None for all.
    """

    index: int
    transform: Any
    p: float
    labels: frozenset[str] | None

    def chosen(self, keys: Keys, labels: Sequence[str]) -> tuple[Indices, CounterRng]:
        """Returns the rows it acts on, and its draws for them."""
        draws = CounterRng(keys, self.index)
        acts = draws.uniform() < self.p
        if self.labels is not None:
            acts &= np.fromiter((label in self.labels for label in labels), bool, len(keys))
        rows = np.flatnonzero(acts)
        return rows, draws.take(rows)


def build(
    transforms: Sequence[Mapping[str, Any]], noise: Sequence[Pcm], labels: Collection[str]
) -> list[Step]:
    """Returns the transforms of a list.

    Args:
        transforms: ``name``, and parameters.
        noise: background recordings, (samples,) int16 each.
        labels: those that clips can have; ``_unknown_`` and ``_silence_`` may be named even where there are none.

    Raises:
        ConfigError: faults, all of them.
    """
    steps: list[Step] = []
    problems = []
    for index, transform in enumerate(transforms):
        try:
            step = _step(index, transform, noise, labels)
            _check_place(step.transform, [before.transform for before in steps], index)
            steps.append(step)
        except Exception as error:
            # audiomentations checks its parameters with exceptions of many kinds.
            problems.append(f"augment.transforms.{index}, {transform.get('name')}: {error}")
    if problems:
        raise ConfigError(problems)
    return steps


def _step(index: int, transform: Mapping[str, Any], noise: Sequence[Pcm], labels: Collection[str]) -> Step:
    name = transform.get("name")
    if name not in ALLOWED:
        raise ValueError(
            f"unknown transform. Closest: {_closest(str(name), ALLOWED)}. Allowed: {', '.join(ALLOWED)}"
        )
    given = {key: value for key, value in transform.items() if key not in ("name", *COMMON)}
    if name in OWN:
        kind = OWN[name]
        _check_names(given, kind)
        built = kind(noise, **given) if kind is AddBackgroundNoise else kind(**given)
    else:
        import audiomentations

        _check_names(given, getattr(audiomentations, name))
        built = Borrowed(getattr(audiomentations, name), **given)
    p = number("p", transform.get("p", DEFAULT_P), 0, 1)
    return Step(index, built, p, _labels(transform.get("labels"), labels))


def _check_names(given: Mapping[str, Any], kind: Callable[..., Any]) -> None:
    own = [name for name in inspect.signature(kind).parameters if name not in ("noise", *COMMON)]
    known = [*own, *COMMON]
    for key in given:
        if key not in known:
            raise ValueError(
                f"no parameter {key!r}. Closest: {_closest(key, known)}. Known: {', '.join(known)}"
            )


def _labels(wanted: Any, labels: Collection[str]) -> frozenset[str] | None:
    if wanted is None:
        return None
    if isinstance(wanted, str) or not wanted:
        raise ValueError(f"labels is {wanted!r}; it is a list of labels, for instance [_silence_]")
    known = list(dict.fromkeys((*labels, UNKNOWN, SILENCE)))
    for label in wanted:
        if label not in known:
            close = _closest(str(label), known)
            raise ValueError(f"no label {label!r}. Closest: {close}. Known: {', '.join(known)}")
    return frozenset(wanted)


def _check_place(transform: Any, before: Sequence[Any], index: int) -> None:
    """Raises ValueError where the list has an order in which the transforms cannot act."""
    if isinstance(transform, Speed) and index:
        raise ValueError("it acts while clips are cut from their recordings; put it first in the list")
    on_features = [one for one in before if isinstance(one, SpecTimeMask | SpecFrequencyMask)]
    if on_features and not isinstance(transform, SpecTimeMask | SpecFrequencyMask):
        name = type(on_features[0]).__name__
        raise ValueError(
            f"it acts on samples, and {name}, before it in the list, on features; put it before {name}"
        )


def _closest(name: str, known: Collection[str]) -> str:
    return difflib.get_close_matches(name, list(known), n=1, cutoff=0.0)[0]
