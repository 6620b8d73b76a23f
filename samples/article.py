"""A printed page: a headline over two columns of prose."""

from collections.abc import Iterator
from itertools import islice

import numpy as np

from samples.ink import Words, coverage, width_px
from samples.paper import paper, print_on, rgb, smooth
from samples.sample import Sample

SIZE_WH = 1240, 1160
COLUMN_PX = 520
COLUMNS_PX = (80, 640)  # where they begin
TOP_PX, PITCH_PX, TEXT_PX, INDENT_PX = 200, 32, 23, 28
LINES_PER_COLUMN = 29

HEADLINE = "How a Lighthouse Finds Its Ships"
PROSE = """
A lighthouse has one simple task: on a dark night it tells a sailor where the land is. The tower itself
does not guide anyone. What matters is the lamp at the top, the glass around it, and the height from
which it shines.

The height is needed because the sea is not flat. The surface curves away from the viewer, and a light
close to the water soon sinks below the horizon. Put the same light forty metres up and a ship can see it
from more than twenty kilometres away, even before the height of its bridge is counted.

The lamp is weaker than most visitors expect. Early keepers burned wood and coal, later ones burned whale
oil, and many modern stations use a bulb no bigger than a thumb. The strength of the beam comes from the
glass. A plain lamp throws its light in all directions, and nearly all of it is lost in the sky or on the
rocks. The lens gathers that light and sends it out in one flat sheet, straight towards the horizon.

A single lens of that size would weigh several tons. In the year 1822 the French engineer Augustin
Fresnel found a way around this. He kept only the curved surface of the lens, cut it into rings, and set
the rings one above the other like steps. Such a lens is thin, lets more light through, and can be built
from small pieces that a boat is able to carry.

One question is left: which lighthouse is it? On a busy coast three or four lamps may be in view at once.
So every station has a rhythm of its own. One turns its lens and flashes every ten seconds, the next one
flashes twice and then rests, a third shows red over the shallow water and white over the safe channel.
The rhythm is printed on the chart, and a sailor with a watch can name the tower within a minute.

Fog is the old enemy, because it swallows light of any colour. For such days many stations were given a
second voice: first a bell, then a cannon, and later a horn driven by steam that could be heard in the
next village. People who lived close by seldom praised it, but the crews of the fishing boats did.

By day the lamp is of no use, so the wall has to speak. That is why towers are painted with bands,
spirals or squares, and why no two neighbours wear the same pattern.

Few keepers live in the towers today. A sensor lights the lamp at dusk, a second bulb swings into place
when the first one fails, and an engineer calls by boat twice a year. Satellites tell a captain the way,
but they can be wrong, and a screen may go dark. The beam across the water needs no signal and no battery
on board. It only asks someone to look up.
"""


def _column_lines() -> Iterator[tuple[int, str]]:
    """Indent and text of every line, broken so that each fits the column."""
    for paragraph in PROSE.split("\n\n"):
        indent_px, line = INDENT_PX, ""
        for word in paragraph.split():
            longer = f"{line} {word}".lstrip()
            if indent_px + width_px(longer, TEXT_PX) > COLUMN_PX:
                yield indent_px, line
                indent_px, longer = 0, word
            line = longer
        yield indent_px, line


def _columns(lines: Iterator[tuple[int, str]]) -> Iterator[Words]:
    for left_px in COLUMNS_PX:
        for number, (indent_px, line) in enumerate(islice(lines, LINES_PER_COLUMN)):
            yield Words(line, left_px + indent_px, TOP_PX + number * PITCH_PX, TEXT_PX)


def draw_article() -> Sample:
    """A page about lighthouses: headline, left column, right column, on paper that is unevenly lit."""
    random = np.random.default_rng(5)
    words = [Words(HEADLINE, SIZE_WH[0] / 2, 120, 60, 1, "m"), *_columns(_column_lines())]
    page = print_on(paper(random, SIZE_WH, 250, 10), coverage(SIZE_WH, words), 45)
    page[150:153, COLUMNS_PX[0] : -COLUMNS_PX[0]] = 90
    return Sample("article.png", rgb(smooth(page, 2)), tuple(piece.text for piece in words))
