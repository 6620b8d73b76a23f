"""Names of models and of their parameters, apart from `repository.py`, which takes a third of a second to load."""

from collections.abc import Iterable

ENSEMBLE = "ocr_ensemble"
# The same for callers that have pixels and no file, as Docling does; older repositories are without it.
DOCLING = "ocr"
ENSEMBLES = (ENSEMBLE, DOCLING)
# Of a further service, whose models all end alike: ocr_ensemble_signs, text_detection_signs, ...
SERVICE = f"{ENSEMBLE}_"
# The parameter of a Python step that names the model that reads its crops.
RECOGNIZER = "recognizer"


def naming_recognizers(parameters: Iterable[str]) -> list[str]:
    """Those of a step's parameters that name a model: the default recognizer's, then those of further languages.

    >>> naming_recognizers(["calls_under_way", "recognizer.ru", "recognizer"])
    ['recognizer', 'recognizer.ru']
    """
    return sorted(key for key in parameters if key == RECOGNIZER or key.startswith(f"{RECOGNIZER}."))
