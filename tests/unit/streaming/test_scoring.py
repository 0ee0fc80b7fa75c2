"""Scores of a model for streams."""

from collections.abc import Callable

from kwspipe.compiler import image_format as container
from kwspipe.core.spotter import Spotter
from kwspipe.dataset.store.clip_store import ClipStore
from kwspipe.streaming.composition import compose
from kwspipe.streaming.scoring import score_with_progress
from support.small_model import small_image
from support.streams import RATE_HZ, make_config


def test_detections_from_scores_equal_those_of_the_spotter(make_store: Callable[..., ClipStore]) -> None:
    image, config = small_image(1), make_config()
    streams = compose(make_store(), config, "testing", 1)
    scores = score_with_progress(image, streams, RATE_HZ, 2)
    settings = container.read_sections(image)[container.DETECTOR]
    labels = Spotter(image).labels
    assert sum(len(one.detections) for one in scores) > 10
    for one, stream in zip(scores, streams, strict=True):
        spotter = Spotter(image)
        alone = [found for piece in stream.pieces for found in spotter.feed(piece)]
        assert list(one.detections) == alone == one.detect(settings, labels)
