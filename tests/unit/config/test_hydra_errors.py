"""Texts of errors of Hydra and OmegaConf."""

from kwspipe.config.hydra_errors import text


def test_references_to_the_internals_of_hydra_are_left_out() -> None:
    missing = (
        "MissingMandatoryValue while resolving interpolation: Missing mandatory value: name\n    full_key: x"
    )
    assert text(ValueError(missing)).startswith(
        "name: has no value; choose an experiment (+experiment=digits_3)"
    )
    search = (
        "Could not find 'hydra/launcher/x'\n\nAvailable options:\n\tray\nConfig search path:\n\tprovider=main"
    )
    assert text(ValueError(search)) == "Could not find 'hydra/launcher/x'\n\nAvailable options:\n\tray"
