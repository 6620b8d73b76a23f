"""Names of models and of their parameters, apart from `repository.py`, which takes a third of a second to load."""

ENSEMBLE = "ocr_ensemble"
# The parameter of a Python step that names the model that it calls.
RECOGNIZER = "recognizer"
