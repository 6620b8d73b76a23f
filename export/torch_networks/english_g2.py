"""EasyOCR's English recognizer of the second generation: a small CRNN (Shi et al. 2015, arXiv:1507.05717)."""

from torch import Tensor, nn

CLASSES = 97


class EnglishG2(nn.Module):
    """Scaled grey, (N, 1, 64, W) float32 → logits, (N, W / 4 - 1, 97). Attributes are named as in the checkpoint."""

    def __init__(self) -> None:
        super().__init__()
        self.FeatureExtraction = nn.ModuleDict({"ConvNet": _convolutions()})
        self.SequenceModeling = nn.Sequential(Recurrent(256, 256), Recurrent(256, 256))
        self.Prediction = nn.Linear(256, CLASSES)

    def forward(self, grey: Tensor) -> Tensor:
        """Features averaged over the height; two recurrent layers; a class for every column."""
        columns = self.FeatureExtraction["ConvNet"](grey).mean(2).transpose(1, 2)
        return self.Prediction(self.SequenceModeling(columns))


class Recurrent(nn.Module):
    """A bidirectional LSTM and a projection of its two directions: (N, T, channels) → (N, T, channels)."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.rnn = nn.LSTM(channels, hidden, bidirectional=True, batch_first=True)
        self.linear = nn.Linear(2 * hidden, channels)

    def forward(self, columns: Tensor) -> Tensor:
        """Every column learns of those before and after it."""
        return self.linear(self.rnn(columns)[0])


def _convolutions() -> nn.Sequential:
    """(N, 1, 64, W) → (N, 256, 3, W / 4 - 1); the number of a layer is part of its name in the checkpoint."""
    return nn.Sequential(
        *(_conv(1, 32), nn.ReLU(), nn.MaxPool2d(2)),
        *(_conv(32, 64), nn.ReLU(), nn.MaxPool2d(2)),
        *(_conv(64, 128), nn.ReLU(), _conv(128, 128), nn.ReLU(), nn.MaxPool2d((2, 1))),
        *(_conv(128, 256, bias=False), nn.BatchNorm2d(256), nn.ReLU()),
        *(_conv(256, 256, bias=False), nn.BatchNorm2d(256), nn.ReLU(), nn.MaxPool2d((2, 1))),
        *(nn.Conv2d(256, 256, 2), nn.ReLU()),
    )


def _conv(channels_in: int, channels_out: int, *, bias: bool = True) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=bias)
