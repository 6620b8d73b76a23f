"""Crops → text: width buckets through text_recognition, then CTC decoding."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ocr_core import batching, borders, ctc
from ocr_core.admission import Pages
from ocr_core.recognizer import Recognizer
from ocr_core.triton import answer, call, parameter


class TritonPythonModel:
    """One instance of ctc_decoding; see ocr_core/batching.py and ocr_core/ctc.py."""

    def initialize(self, args):
        self.recognizer = Recognizer.load(Path(args["model_repository"], args["model_version"]))
        self.model = parameter(args, "recognizer")
        self.executor = ThreadPoolExecutor(int(parameter(args, "calls_under_way")))
        self.pages = Pages.of_this_server()

    def execute(self, requests):
        return answer(requests, self.read)

    def read(self, request, deadline_ns, strip, widths, detected_quads, detected_scores, read_size):
        with self.pages.leaving(request, int(deadline_ns[0])) as check:
            borders.check_strip(strip, widths, detected_quads, detected_scores, self.recognizer)
            calls, batches = batching.pack(strip, widths, self.recognizer)
            inputs = [{"crops": batch} for batch in batches]
            answers = call(self.executor, self.model, inputs, ("indices", "confidences"), check)
        texts, confidences = ctc.decode_calls(calls, answers, self.recognizer.characters)
        found = ctc.outputs(texts, confidences, detected_quads, detected_scores, request.options)
        return {**found, "image_size": read_size}

    def finalize(self):
        self.executor.shutdown()
