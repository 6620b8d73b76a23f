"""The picture of the architecture is that of the configurations."""

from docs.architecture import PICTURE, draw
from tests.project import MODEL_REPOSITORY


def test_the_picture_is_drawn_from_the_configurations_as_they_are() -> None:
    assert PICTURE.read_text(encoding="utf-8") == draw(MODEL_REPOSITORY), "run python -m docs.architecture"
