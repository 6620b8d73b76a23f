"""Where things are that tests read."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
MODEL_REPOSITORY = ROOT / "model_repository"
SAMPLES = ROOT / "samples"
README = ROOT / "README.md"
