"""The settings of conf/, for tests that need them without composing a whole experiment."""

from pathlib import Path

from omegaconf import OmegaConf

from kwspipe.config import FrontendConfig

CONF = Path(__file__).resolve().parents[1] / "conf"
FRONTEND = FrontendConfig(**OmegaConf.to_container(OmegaConf.load(CONF / "frontend" / "default.yaml")))
