"""`python -m benchmarks.reading_order`: are lines read in the order in which a person reads them?"""

import csv
import io
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import mean

import click
import numpy as np

from benchmarks.common import options
from benchmarks.reading_order.columns import COLUMNS
from benchmarks.reading_order.distance import distance, tokens
from benchmarks.reading_order.layout import Layout, page
from benchmarks.reading_order.lists import LISTS
from benchmarks.reading_order.sheet import Sheet, boxes, draw
from benchmarks.reading_order.tables import ASKEW, TABLES
from ocr_client import OcrClient
from ocr_core.reading_order import reading_order

LAYOUTS = (*COLUMNS, *LISTS, *TABLES, *ASKEW)
SEEDS = 5


def by_geometry(sheet: Sheet, seed: int) -> float:
    found = boxes(sheet, np.random.default_rng(seed))
    shuffled = np.random.default_rng(seed).permutation(len(found))
    order = shuffled[reading_order(found[shuffled], 0.45)]
    return distance(tokens(sheet.lines[place].text for place in order), tokens(line.text for line in sheet.lines))

if __name__ == "__main__":
    which = sys.argv[1:] 
    tot = {False: [], True: []}
    for layout in LAYOUTS:
        if which and not any(w in layout.name for w in which): continue
        row = {}
        for held in (False, True):
            row[held] = [by_geometry(page(layout, s, held_out=held), s) for s in range(SEEDS)]
            tot[held].append(mean(row[held]))
        print(f"{layout.name:45} {mean(row[False]):.3f} {mean(row[True]):.3f}  ", " ".join(f"{x:.2f}" for x in row[False]), "|", " ".join(f"{x:.2f}" for x in row[True]))
    print(len(tot[True]), mean(tot[False]), mean(tot[True]))
