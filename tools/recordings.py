"""The examples of the page /own, recorded: `python -m tools.recordings` from the project's folder,
all of them or those that are named.

Each is a real training of a few seconds. They need PyTorch; the data are those of the dashboard.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from core.data.datasets import load
from recorder.layer_recorder import watch

FOLDER = Path(__file__).parents[1] / "pages" / "files" / "examples"


def train(name, model, batches, *, rate, every, loss):
    """Train with plain SGD and record."""
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    with watch(model, optimizer, FOLDER / f"{name}.jsonl", every=every) as recorder:
        for x, y in batches:
            optimizer.zero_grad()
            recorder.loss(loss(model(x), y)).backward()
            optimizer.step()


def shuffled(x, y, steps, batch):
    """So many batches, drawn at random."""
    for _ in range(steps):
        chosen = torch.randint(len(x), (batch,))
        yield x[chosen], y[chosen]


def data_of(name, samples):
    data = load(name, samples, 0.0, 0)
    return torch.tensor(data.train_x).float(), torch.tensor(data.train_y).float()


def mlp(depth, width, activation, inputs, initialize):
    """An MLP with one output."""
    layers, units = [], inputs
    for _ in range(depth):
        layers += [nn.Linear(units, width), activation()]
        units = width
    model = nn.Sequential(*layers, nn.Linear(units, 1))
    for layer in model[::2]:
        initialize(layer.weight)
        nn.init.zeros_(layer.bias)
    return model


def deep_sigmoid():
    """Eight layers of sigmoid units with Xavier's weights learn nothing of XOR."""
    x, y = data_of("xor", 500)
    model = mlp(8, 16, nn.Sigmoid, 2, nn.init.xavier_normal_)
    batches = shuffled(x, y, 2400, 32)
    train(
        "deep_sigmoid", model, batches, rate=0.1, every=25,
        loss=F.binary_cross_entropy_with_logits,
    )  # fmt: skip


def dying_relu():
    """A learning rate ten times too large kills the units of a ReLU network."""
    x, y = data_of("spiral", 500)
    model = mlp(5, 16, nn.ReLU, 2, nn.init.kaiming_normal_)
    batches = shuffled(x, y, 2400, 32)
    train(
        "dying_relu", model, batches, rate=1.0, every=25,
        loss=F.binary_cross_entropy_with_logits,
    )  # fmt: skip


class Adder(nn.Module):
    """A recurrent network that adds up the two marked numbers of a sequence.

    It begins with a multiple of the identity (Le, Jaitly & Hinton, 2015, arXiv:1504.00941), here
    one that is a little too large.
    """

    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(2, 32, nonlinearity="relu", batch_first=True)
        self.rnn.weight_hh_l0.data = 1.1 * torch.eye(32)
        self.out = nn.Linear(32, 1)

    def forward(self, x):
        return self.out(self.rnn(x)[0][:, -1])


def sequences(steps, batch=32, length=50):
    """The adding problem (Hochreiter & Schmidhuber, Neural Computation 9(8), 1997)."""
    for _ in range(steps):
        numbers, marks = torch.rand(batch, length), torch.zeros(batch, length)
        for row in marks:
            row[torch.randperm(length)[:2]] = 1
        yield torch.stack([numbers, marks], dim=2), (numbers * marks).sum(1, keepdim=True)


def exploding_rnn():
    """Through fifty time steps the error grows on its way back, and one step throws it far off."""
    train("exploding_rnn", Adder(), sequences(60), rate=2e-6, every=1, loss=F.mse_loss)


class Stack(nn.Module):
    """Twenty convolutions over a digit; with `residual`, each adds to what it was given."""

    def __init__(self, residual):
        super().__init__()
        self.residual = residual
        self.stem = nn.Conv2d(1, 8, 3, padding=1)
        self.convolutions = nn.ModuleList(nn.Conv2d(8, 8, 3, padding=1) for _ in range(19))
        self.out = nn.Linear(8, 10)

    def forward(self, x):
        x = F.relu(self.stem(x.reshape(-1, 1, 8, 8)))
        for convolution in self.convolutions:
            x = F.relu(convolution(x)) + (x if self.residual else 0)
        return self.out(x.mean(dim=(2, 3)))


def stack(name, residual):
    x, y = data_of("digits", 1797)
    batches = shuffled(x, y.argmax(dim=1), 1500, 32)
    train(name, Stack(residual), batches, rate=0.01, every=25, loss=F.cross_entropy)


def plain_stack():
    """Twenty convolutional layers with PyTorch's own initial weights: no error arrives."""
    stack("plain_stack", residual=False)


def residual_stack():
    """The same with residual connections: it learns."""
    stack("residual_stack", residual=True)


class Transformer(nn.Module):
    """Eight transformer blocks over a digit, one token for each of its rows.

    Initial weights as in `nn.Transformer`. pre: whether each block normalizes what it is given, and
    not what it returns (Xiong et al., 2020, arXiv:2002.04745).
    """

    def __init__(self, pre, width=16):
        super().__init__()
        self.embed = nn.Linear(8, width)
        self.places = nn.Parameter(torch.empty(8, width))
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width, 2, 2 * width, dropout=0.0, activation=F.gelu, batch_first=True,
                norm_first=pre,
            )
            for _ in range(8)
        )  # fmt: skip
        self.norm = nn.LayerNorm(width) if pre else nn.Identity()
        self.out = nn.Linear(width, 10)
        for weights in self.parameters():
            if weights.dim() > 1:
                nn.init.xavier_uniform_(weights)

    def forward(self, x):
        x = self.embed(x.reshape(-1, 8, 8)) + self.places
        for block in self.blocks:
            x = block(x)
        return self.out(self.norm(x).mean(dim=1))


def transformer(name, pre):
    x, y = data_of("digits", 1797)
    batches = shuffled(x, y.argmax(dim=1), 1500, 32)
    train(name, Transformer(pre), batches, rate=0.5, every=60, loss=F.cross_entropy)


def post_norm():
    """A transformer that normalizes after each addition: at this rate it learns nothing, at a tenth
    of it it does."""
    transformer("post_norm", pre=False)


def pre_norm():
    """The same that normalizes before attention and MLP: it learns."""
    transformer("pre_norm", pre=True)


EXAMPLES = (
    *(deep_sigmoid, dying_relu, exploding_rnn, plain_stack, residual_stack),
    *(post_norm, pre_norm),
)


if __name__ == "__main__":
    named = sys.argv[1:]
    torch.set_num_threads(1)
    for example in EXAMPLES:
        if named and example.__name__ not in named:
            continue
        torch.manual_seed(0)
        example()
        print(example.__name__)
