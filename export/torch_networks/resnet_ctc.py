"""None-ResNet-None-CTC of Baek et al. 2019 (arXiv:1904.01906, section 3): no rectification, no recurrence."""

from torch import Tensor, nn
from torch.nn.functional import max_pool2d, relu

CLASSES = 37


class ResNetCtc(nn.Module):
    """Scaled grey, (N, 1, 32, W) float32 → logits, (N, W / 4 + 1, 37). Attributes are named as in the checkpoint."""

    def __init__(self) -> None:
        super().__init__()
        self.FeatureExtraction = nn.ModuleDict({"ConvNet": ResNet()})
        self.Prediction = nn.Linear(512, CLASSES)

    def forward(self, grey: Tensor) -> Tensor:
        """Features averaged over the height; a class for every column."""
        return self.Prediction(self.FeatureExtraction["ConvNet"](grey).mean(2).transpose(1, 2))


class ResNet(nn.Module):
    """The feature extractor (given in the paper's supplement; after Cheng et al. 2017, arXiv:1709.02054).

    29 layers: (N, 1, 32, W) → (N, 512, 1, W / 4 + 1). The last stages halve the height alone, so that narrow letters
    keep their columns.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv0_1, self.bn0_1 = _conv(1, 32), nn.BatchNorm2d(32)
        self.conv0_2, self.bn0_2 = _conv(32, 64), nn.BatchNorm2d(64)
        self.layer1 = _stage(64, 128, blocks=1)
        self.conv1, self.bn1 = _conv(128, 128), nn.BatchNorm2d(128)
        self.layer2 = _stage(128, 256, blocks=2)
        self.conv2, self.bn2 = _conv(256, 256), nn.BatchNorm2d(256)
        self.layer3 = _stage(256, 512, blocks=5)
        self.conv3, self.bn3 = _conv(512, 512), nn.BatchNorm2d(512)
        self.layer4 = _stage(512, 512, blocks=3)
        self.conv4_1 = nn.Conv2d(512, 512, 2, stride=(2, 1), padding=(0, 1), bias=False)
        self.bn4_1 = nn.BatchNorm2d(512)
        self.conv4_2 = nn.Conv2d(512, 512, 2, bias=False)
        self.bn4_2 = nn.BatchNorm2d(512)

    def forward(self, grey: Tensor) -> Tensor:
        """32 rows → 16 → 8 → 4 → 2 → 1."""
        x = relu(self.bn0_1(self.conv0_1(grey)))
        x = max_pool2d(relu(self.bn0_2(self.conv0_2(x))), 2)
        x = max_pool2d(relu(self.bn1(self.conv1(self.layer1(x)))), 2)
        x = max_pool2d(relu(self.bn2(self.conv2(self.layer2(x)))), 2, stride=(2, 1), padding=(0, 1))
        x = relu(self.bn3(self.conv3(self.layer3(x))))
        x = relu(self.bn4_1(self.conv4_1(self.layer4(x))))
        return relu(self.bn4_2(self.conv4_2(x)))


class Block(nn.Module):
    """Two convolutions and a short cut (He et al. 2016, arXiv:1512.03385, figure 2)."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = _conv(channels_in, channels_out), nn.BatchNorm2d(channels_out)
        self.conv2, self.bn2 = _conv(channels_out, channels_out), nn.BatchNorm2d(channels_out)
        self.downsample = nn.Sequential()
        if channels_in != channels_out:
            projection = nn.Conv2d(channels_in, channels_out, 1, bias=False)
            self.downsample = nn.Sequential(projection, nn.BatchNorm2d(channels_out))

    def forward(self, x: Tensor) -> Tensor:
        """The same height and width."""
        return relu(self.downsample(x) + self.bn2(self.conv2(relu(self.bn1(self.conv1(x))))))


def _stage(channels_in: int, channels_out: int, *, blocks: int) -> nn.Sequential:
    return nn.Sequential(
        Block(channels_in, channels_out), *(Block(channels_out, channels_out) for _ in range(blocks - 1))
    )


def _conv(channels_in: int, channels_out: int) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False)
