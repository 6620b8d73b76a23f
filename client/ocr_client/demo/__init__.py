"""`ocr demo`: a local page on which to drop an image and see what is read in it."""

from ocr_client.demo.server import DemoServer, serve

__all__ = ["DemoServer", "serve"]
