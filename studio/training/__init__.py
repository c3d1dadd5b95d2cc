"""Trains the generator: config, text stage, losses, loop."""

from studio.training.config import TrainingConfig
from studio.training.loop import train

__all__ = ["TrainingConfig", "train"]
