"""The ensemble's input as tritonclient wants it; its classes for HTTP and gRPC look alike."""

from typing import Any

import numpy as np

from ocr_client.calls import SharedImage
from ocr_client.protocol import INPUT


def image_tensor(image: bytes | SharedImage, kind: Any) -> Any:
    """Describe an image to tritonclient.

    Args:
        image: The encoded file, or where it lies.
        kind: `tritonclient.http.InferInput` or `tritonclient.grpc.InferInput`.
    """
    if isinstance(image, SharedImage):
        tensor = kind(INPUT, [image.byte_size], "UINT8")
        tensor.set_shared_memory(image.region, image.byte_size)
    else:
        tensor = kind(INPUT, [len(image)], "UINT8")
        tensor.set_data_from_numpy(np.frombuffer(image, np.uint8))
    return tensor
