"""What happens between the bytes of an image and its text, without Triton: pure NumPy and OpenCV functions.

The modules in the order of the data flow:

    pixel_packing.py  raw pixels → encoded bytes, for callers that have no file
    decoder.py        encoded bytes → page, in a process that is bounded in time and memory: decoder_process.py
    image.py          encoded bytes → page and detector input
    structure.py      what a file is made of, counted before its pixels are touched
    image_limits.py   what an image is refused for before they are
    pixels.py         a decoded image → RGB in the size that is of use
    contrast.py       faded pages, in full contrast
    cropping.py       a page → its lines and the crops under them
    detection.py      detector maps → lines of text in reading order, by one of two decoders:
    db.py, east.py    detector maps → quads and scores
    quads.py          corners put in reading direction, scaled, clipped
    orientation.py    how a page lies: upright, sideways, on its head
    upside_down.py    whether letters look as if they stood on their heads
    pieces.py         lines across the page, put together from what the detector took apart
    reading_order.py  the order of the lines, and their blocks
    perspective.py    a photographed page, as if it had been scanned
    page_layout.py    sections, columns and tables of a level page
    columns.py        whether strips of a page are columns or a table's
    section.py        rows of a page that share their gutters
    rows.py           rows of boxes, and lines of words
    arcs.py           lines on an arc of a circle, found and straightened
    crops.py          quads → upright crops, laid side by side in a strip
    gutters.py        lines that the detector joined across a gutter between columns, taken apart
    segments.py       where along the lines there is ink
    batching.py       which crops share a call of the recognizer
    ctc.py            recognizer output → text and confidence
    bidi.py           text from right to left, put into the order of reading
    reading.py        crops → lines, each read in the direction in which it makes sense
    unread.py         why the text in a box could not be read
    words.py          the words and characters of the lines, for those who ask: where they are, and how sure
    ink.py            where in a crop there is ink
    answers.py        what the last step answers
    timings.py        how long each step took
    metrics.py        what is counted and measured for Prometheus
    borders.py        what comes into a step, checked
    detector.py       what a detector's weights ask of the steps around them
    recognizer.py     the same for a recognizer's weights
    recognizers.py    the recognizers of a server, by language
    shapes.py         few shapes for the inputs of both, on GPUs
    exported.py       how both lie in files beside the weights
    options.py        what a request may ask for
    languages.py      what a caller may name as the text's language
    request.py        what a step knows of a request beside its tensors
    admission.py      which pages are in the pipeline, and until when each is wanted
    pages_file.py     what is noted of these pages for all processes of a server
    server_files.py   small files in shared memory that belong to one server
    heartbeat.py      what the process of a step is at
    errors.py         what may go wrong, and whose fault it is
    memory.py         memory of freed arrays is reused
    opencv.py         OpenCV on one thread
    side_by_side.py   calls of other models, several at a time
    triton.py         the only file that knows Triton
"""
