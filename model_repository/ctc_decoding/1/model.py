"""Crops → text: width buckets through text_recognition, then CTC decoding."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ocr_core import batching, borders, ctc, words
from ocr_core.admission import Pages
from ocr_core.recognizer import Recognizer
from ocr_core.triton import answer, call, parameter


class TritonPythonModel:
    """One instance of ctc_decoding; see ocr_core/batching.py, ctc.py and words.py."""

    def initialize(self, args):
        self.recognizer = Recognizer.load(Path(args["model_repository"], args["model_version"]))
        self.model = parameter(args, "recognizer")
        self.executor = ThreadPoolExecutor(int(parameter(args, "calls_under_way")))
        self.pages = Pages.of_this_server()

    def execute(self, requests):
        return answer(requests, self.read)

    def read(self, request, deadline_ns, strip, widths, detected_quads, detected_scores):
        with self.pages.leaving(request, int(deadline_ns[0])) as check:
            borders.check_strip(strip, widths, detected_quads, detected_scores, self.recognizer)
            calls, batches = batching.pack(strip, widths, self.recognizer)
            answers = call(self.executor, self.model, [{"crops": batch} for batch in batches], ctc.OUTPUTS, check)
        said = ctc.decode_calls(calls, answers, self.recognizer.characters)
        lines = ctc.outputs(*said, detected_quads, detected_scores, request.options)
        seen = calls, batches, answers, self.recognizer.characters
        return lines | words.outputs(seen, strip, widths, detected_quads, *said, request.options)

    def finalize(self):
        self.executor.shutdown()
