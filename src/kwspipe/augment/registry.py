"""Construction of transforms from the configuration, with error messages for invalid entries."""

import difflib
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kwspipe.audio.pcm import Pcm
from kwspipe.augment.audiomentations_adapter import AUDIOMENTATIONS_NAMES, AudiomentationsTransform
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

# Transforms of batches. Those with a name of audiomentations have the parameters of audiomentations.
BATCH_TRANSFORMS: dict[str, Callable[..., Any]] = {
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
ALLOWED = tuple(sorted((*BATCH_TRANSFORMS, *AUDIOMENTATIONS_NAMES)))
# Parameters of every transform.
COMMON = ("p", "labels")
DEFAULT_P = 0.5  # as in audiomentations


@dataclass(frozen=True)
class Step:
    """A transform with its conditions.

    Attributes:
        index: position in the list, which selects the random stream.
        transform: the transform.
        p: probability of the transform for a clip.
        labels: labels of the clips that are transformed; None for all labels.
    """

    index: int
    transform: Any
    p: float
    labels: frozenset[str] | None

    def select(self, keys: Keys, labels: Sequence[str]) -> tuple[Indices, CounterRng]:
        """Returns the rows of the clips to transform, and the random numbers for these rows."""
        rng = CounterRng(keys, self.index)
        is_selected = rng.uniform() < self.p
        if self.labels is not None:
            is_selected &= np.fromiter((label in self.labels for label in labels), bool, len(keys))
        rows = np.flatnonzero(is_selected)
        return rows, rng.take(rows)


def build(
    transforms: Sequence[Mapping[str, Any]], noise: Sequence[Pcm], labels: Collection[str]
) -> list[Step]:
    """Builds the configured transforms.

    Args:
        transforms: name and parameters of each transform.
        noise: background recordings, (samples,) int16 each.
        labels: of the clips; ``_unknown_`` and ``_silence_`` are always allowed.

    Raises:
        ConfigError: all errors in the list.
    """
    steps: list[Step] = []
    problems = []
    for index, transform in enumerate(transforms):
        try:
            step = _step(index, transform, noise, labels)
            _check_order(step.transform, [earlier.transform for earlier in steps], index)
            steps.append(step)
        except Exception as error:
            # audiomentations raises exceptions of many types for invalid parameters.
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
    if name in BATCH_TRANSFORMS:
        kind = BATCH_TRANSFORMS[name]
        _check_names(given, kind)
        instance = kind(noise, **given) if kind is AddBackgroundNoise else kind(**given)
    else:
        import audiomentations

        _check_names(given, getattr(audiomentations, name))
        instance = AudiomentationsTransform(getattr(audiomentations, name), **given)
    p = number("p", transform.get("p", DEFAULT_P), 0, 1)
    return Step(index, instance, p, _labels(transform.get("labels"), labels))


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
        raise ValueError(f"labels is {wanted!r}; it must be a list of labels, for example [_silence_]")
    known = list(dict.fromkeys((*labels, UNKNOWN, SILENCE)))
    for label in wanted:
        if label not in known:
            close = _closest(str(label), known)
            raise ValueError(f"no label {label!r}. Closest: {close}. Known: {', '.join(known)}")
    return frozenset(wanted)


def _check_order(transform: Any, earlier: Sequence[Any], index: int) -> None:
    """Raises ValueError if the transform cannot follow the transforms before it."""
    if isinstance(transform, Speed) and index:
        raise ValueError("it changes the extraction of clips from recordings; make it the first transform")
    masks = [one for one in earlier if isinstance(one, SpecTimeMask | SpecFrequencyMask)]
    if masks and not isinstance(transform, SpecTimeMask | SpecFrequencyMask):
        name = type(masks[0]).__name__
        raise ValueError(
            f"it transforms samples, but the earlier {name} transforms features; move it before {name}"
        )


def _closest(name: str, known: Collection[str]) -> str:
    return difflib.get_close_matches(name, list(known), n=1, cutoff=0.0)[0]
