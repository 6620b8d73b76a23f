"""How accurate is the text?

__main__.py   python -m benchmarks.accuracy DATA: token F1 of a running server on labelled images
pairs.py      python -m benchmarks.accuracy.pairs DATA: every detector with every recognizer
words.py      python -m benchmarks.accuracy.words [DATA]: how well boxes of words lie on the words
word_boxes.py boxes of words compared with the true ones
drawn_words.py  pages of words in nine fonts, whose boxes are known
odd_lines.py  python -m benchmarks.accuracy.odd_lines: how well lines are read that are tiny, bent or turned
letters.py    python -m benchmarks.accuracy.letters: which letters of each language are lacking, which are misread
alphabets.py  the letters of languages
labels.py     labelled images
score.py      labelled images and a reader → token F1
changed.py    images that lie on their side or on their head, or are faded
token_f1.py   the metric
"""
