"""OpenCV as the steps use it; whoever needs it imports it from here."""

import cv2

from ocr_core import memory

__all__ = ["cv2"]

# Triton runs as many instances of a step as there are cores for it; threads inside a step would fight over them.
cv2.setNumThreads(1)
# Each step makes several arrays of a page and frees them, request after request.
memory.keep_freed()
