"""How accurate is the text?

__main__.py   python -m benchmarks.accuracy DATA: token F1 of a running server on labelled images
pairs.py      python -m benchmarks.accuracy.pairs DATA: every detector with every recognizer
labels.py     labelled images
score.py      labelled images and a reader → token F1
turned.py     images that lie on their side or on their head
token_f1.py   the metric
"""
