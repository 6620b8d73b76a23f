"""The uniform contract round a network that takes scaled grey and gives logits."""

import torch
from torch import Tensor, nn

# ITU-R BT.601 luma in 16-bit fixed point, as Pillow's conversion to "L" computes it: exact in float32 as well, since
# every sum is below 2 ** 24.
LUMA = (19595.0, 38470.0, 7471.0)
HALF, ONE = 32768.0, 65536.0


class Recognizer(nn.Module):
    """Crops, (N, H, W, 3) uint8 RGB → class and probability of each time step, (N, T) int32 and float32."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("luma", torch.tensor(LUMA)[:, None])

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """Grey, -1 … 1, channels first; then the network; then the argmax."""
        grey = torch.floor((crops.float() @ self.luma + HALF) / ONE)
        return argmax(self.network((grey / 127.5 - 1).permute(0, 3, 1, 2)))


def argmax(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Logits, (N, T, classes) → the most probable class and its probability, (N, T) int32 and float32."""
    confidences, indices = logits.softmax(2).max(2)
    return indices.to(torch.int32), confidences
