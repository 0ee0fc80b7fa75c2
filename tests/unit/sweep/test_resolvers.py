"""Resolvers for the configuration of the launchers."""

from omegaconf import OmegaConf

from kwspipe.sweep.resolvers import cores_divided


def test_number_of_cores_has_a_minimum() -> None:
    assert cores_divided(10**6, 1) == 1
    assert cores_divided(10**6, 2) == 2


def test_resolver_is_registered() -> None:
    assert OmegaConf.create({"n_jobs": "${cores_divided:1000000,2}"}).n_jobs == 2
