"""Crops → text: calls of text_recognition, CTC decoding, in the direction in which it makes sense."""

from functools import partial

from ocr_core import answers, batching, borders, metrics, reading
from ocr_core.admission import Pages
from ocr_core.recognizers import Recognizers
from ocr_core.side_by_side import Threads
from ocr_core.triton import Meter, answer, call, exported, parameter, parameters, version


class TritonPythonModel:
    """One instance of ctc_decoding; see ocr_core/reading.py and ocr_core/answers.py."""

    def initialize(self, args):
        self.recognizers = Recognizers.load(exported(args), parameters(args, "recognizer"))
        under_way = int(parameter(args, "calls_under_way"))
        self.threads, self.limits = Threads(under_way), partial(batching.limits, parameter(args, "calls"), under_way)
        self.version, self.meter, self.pages = version(args), Meter(args, metrics.LAST_STEP), Pages.of_this_server()

    def execute(self, requests):
        return answer(requests, self.read, self.meter)

    def read(self, request, deadline_ns, strip, widths, overhang, **passed):
        detected = [passed.pop(f"detected_{what}") for what in ("quads", "scores", "blocks")]
        with self.pages.leaving(request, int(deadline_ns[0])) as check:
            model, recognizer = self.recognizers.of(request.options.language)
            borders.check_strip(strip, widths, *detected, passed["detected_bends"], recognizer)
            send = partial(call, self.threads, model, self.version, outputs=("indices", "confidences"), check=check)
            recognize = partial(reading.recognize, recognizer, send, limits=self.limits(recognizer))
            lines = reading.read(strip, widths, *detected, recognize, request.options, *overhang)
        return answers.of_page(lines, strip, widths, recognizer.characters, request.options, **passed)

    def finalize(self):
        self.threads.shutdown()
