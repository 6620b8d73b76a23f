"""Are lines read in the order in which a person reads them?

__main__.py    python -m benchmarks.reading_order: layout by layout, from true boxes or through a server
columns.py     layouts of prose: columns, titles, pictures, notes
papers.py      layouts of two columns with something between: patents, papers, question papers
lists.py       layouts of short lines: lists, verse, letters
tables.py      layouts that are read by rows; and pages that lie askew or were photographed
right_to_left.py  some of these, mirrored
layout.py      a layout, its styles and its pages
typesetter.py  words → paragraphs and columns
sheet.py       a page whose reading order is known: its boxes, its picture
distance.py    how far one sequence of tokens is from another
distances.csv  what the command measured last: a test holds it
"""
