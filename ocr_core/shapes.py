"""The shapes in which the networks compute on a GPU, which takes seconds to prepare for each.

The exporter gives a network one branch for each (export/fixed_shapes.py), and the launcher warms them up.
"""

# Height and width of pages, pixels: small ones, then what comes of A4, of photos, of receipts, of long strips, each
# upright and on its side. A page takes the first that holds it. Longer strips are prepared for when they come.
PAGES = (
    (640, 640),
    (1024, 768),
    (768, 1024),
    (1600, 1120),
    (1120, 1600),
    (2240, 800),
    (800, 2240),
    (3456, 576),
    (576, 3456),
)
# Crops of a call, and their width in pixels. But for the first, for pages of a few words, all are about equally much
# work: 10,240 pixels of width keep an H200 busy for about as long as it takes to tell it what to do.
CALLS = ((8, 320), (64, 160), (32, 320), (16, 640), (8, 1280), (4, 2560), (2, 5120), (1, 9600))
