"""The recorder's numbers are the core's, and autograd's where the core has no such layer."""

from __future__ import annotations

import json
import math
import sys
from importlib import import_module

import numpy as np
import pytest

from core.nn.activations import ACTIVATIONS
from core.nn.probes import measure, norms
from core.runs.training import RunSpec, Trainer
from tests.recorder.folder import FOLDER

torch = pytest.importorskip("torch")
nn, F = torch.nn, torch.nn.functional
recorder = import_module("recorder.layer_recorder")

MODULES = {
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "softplus": nn.Softplus,
    "softsign": nn.Softsign,
    "hard_tanh": nn.Hardtanh,
    "hardswish": nn.Hardswish,
    "sine": lambda: Sine(),
}
"""Those activations of the core that PyTorch has, too."""


class Sine(nn.Module):
    def forward(self, z):
        return torch.sin(z)


class Mlp(nn.Module):
    """The network of a run of the core, its parameters copied."""

    def __init__(self, run, parameters):
        super().__init__()
        self.skip = run.skip
        self.layers, self.norms = nn.ModuleList(), nn.ModuleList()
        for k, (weight, bias) in enumerate(zip(parameters.weights, parameters.biases, strict=True)):
            m, n = weight.shape[1:]
            hidden = k < run.depth
            normal = run.norm if hidden else "none"
            layer = nn.Linear(m, n, bias=normal == "none", dtype=torch.float64)
            layer.weight.data = torch.tensor(weight[0].T)
            if normal == "none":
                layer.bias.data = torch.tensor(bias[0, 0])
            self.layers.append(layer)
            kinds = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm, "none": lambda *_, **__: None}
            self.norms.append(kinds[normal](n, dtype=torch.float64) or nn.Identity())
        self.activation = MODULES[run.activation]()

    def forward(self, a):
        for k, (layer, norm) in enumerate(zip(self.layers, self.norms, strict=True)):
            z = norm(layer(a))
            if k == len(self.layers) - 1:
                return z
            value = self.activation(z)
            a = value + self.skip * a if self.skip and k else value


def recorded(path):
    head, *rows = map(json.loads, path.read_text("utf-8").splitlines())
    return head, rows


def both(tmp_path, run):
    """What the core measures in the first step of a run, and what the recorder does."""
    trainer = Trainer(run)
    x, y = trainer.data.train_x, trainer.data.train_y
    through = trainer.network.forward(x)
    loss = run.loss
    found = measure(
        trainer.network, through, loss.delta(through.output, y[None]), loss.output(through.output)
    )
    model = Mlp(run, trainer.network.parameters)
    optimizer = torch.optim.SGD(model.parameters(), lr=run.rate)
    with recorder.watch(model, optimizer, tmp_path / "run.jsonl") as record:
        value = F.binary_cross_entropy_with_logits(model(torch.tensor(x)), torch.tensor(y))
        record.loss(value).backward()
        optimizer.step()
    head, (row,) = recorded(tmp_path / "run.jsonl")
    linear = [k for k, layer in enumerate(head["layers"]) if layer["kind"] == "linear"]
    size = norms(trainer.network.parameters)[0]
    trainer.network.write_gradient(
        through, loss.delta(through.output, y[None]), trainer.descent.gradient
    )
    trainer.follow_gradient(len(x), last=True)
    mine = {name: [row[name][k] for k in linear] for name in row if isinstance(row[name], list)}
    return found, size, trainer.relative_update[0], mine, head, float(loss.value(
        through.output, y[None]).mean()), row  # fmt: skip


def same(mine, core):
    np.testing.assert_allclose(np.array(mine, float), core, rtol=1e-9, atol=1e-300)


CASES = [RunSpec(activation=key, depth=4, width=6, samples=60) for key in MODULES] + [
    RunSpec(activation="tanh", depth=4, width=6, samples=60, norm="batch"),
    RunSpec(activation="relu", depth=4, width=6, samples=60, norm="layer"),
    RunSpec(activation="sigmoid", depth=4, width=6, samples=60, skip=1.0),
    RunSpec(activation="relu", depth=4, width=6, samples=60, skip=0.5, norm="layer"),
]


@pytest.mark.parametrize("run", CASES, ids=lambda run: f"{run.activation} {run.norm} {run.skip}")
def test_an_mlp_has_the_numbers_of_the_core(tmp_path, run):
    found, size, update, mine, _, loss, row = both(tmp_path, run)
    same(mine["delta"], found.delta[0])
    same(mine["gradient"], found.gradient_norm[0])
    same(mine["weight"], size)
    same(mine["update"], update)
    same(row["loss"], loss)
    same(mine["saturated"][:-1], found.saturated[0, :-1])
    same(mine["dead"][:-1], found.dead[0, :-1])
    if not run.skip:
        same(mine["mean"][:-1], found.activation_mean[0, :-1])
        same(mine["std"][:-1], found.activation_std[0, :-1])


@pytest.mark.parametrize("key", [key for key in MODULES if key != "sine"])
def test_the_largest_slopes_are_those_of_the_core(key):
    name = {"hard_tanh": "hardtanh"}.get(key, key)
    assert recorder.STEEPEST[name] == pytest.approx(ACTIVATIONS[key].max_slope, rel=1e-12)


def test_the_lines_of_the_readme_record_a_training(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (FOLDER / "README.md").read_text("utf-8")
    lines = text.split("```python\n")[1].split("```")[0].replace("layer_recorder", "module")
    monkeypatch.setitem(sys.modules, "module", recorder)
    model = nn.Linear(3, 1)
    space = {
        "model": model,
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.1),
        "batches": [(torch.ones(4, 3), torch.ones(4, 1))] * 20,
        "criterion": F.mse_loss,
    }
    exec(lines, space)
    space["recorder"].close()
    _, rows = recorded(tmp_path / "run.jsonl")
    assert [row["step"] for row in rows] == [0, 10]


def network(**options):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 1)).double()


def steps(model, path, count, *, optimizer=None, **options):
    """So many steps on random data."""
    optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=0.1)
    torch.manual_seed(1)
    with recorder.watch(model, optimizer, path, **options) as record:
        for _ in range(count):
            optimizer.zero_grad()
            record.loss(model(torch.randn(8, 3).double()).square().mean()).backward()
            optimizer.step()
    return recorded(path)


def test_every_third_step_is_a_row(tmp_path):
    _, rows = steps(network(), tmp_path / "run.jsonl", 8, every=3)
    assert [row["step"] for row in rows] == [0, 3, 6]


def test_between_recorded_steps_the_model_has_no_hook(tmp_path):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with recorder.watch(model, optimizer, tmp_path / "run.jsonl", every=2):
        for _ in range(2):
            hooks = [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()]
            model(torch.ones(2, 3).double()).sum().backward()
            optimizer.step()
    assert hooks == [0, 0, 0, 0]
    assert [len(m._forward_hooks) for m in model.modules()] == [0, 0, 0, 0]


def test_recording_changes_no_number_of_the_training(tmp_path):
    plain, watched = network(), network()
    steps(watched, tmp_path / "run.jsonl", 6, every=2)
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.1)
    torch.manual_seed(1)
    for _ in range(6):
        optimizer.zero_grad()
        plain(torch.randn(8, 3).double()).square().mean().backward()
        optimizer.step()
    for a, b in zip(plain.parameters(), watched.parameters(), strict=True):
        assert torch.equal(a, b)


def test_every_row_is_in_the_file_before_the_next_step(tmp_path):
    model, path = network(), tmp_path / "run.jsonl"
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    record = recorder.watch(model, optimizer, path, every=1)
    model(torch.ones(2, 3).double()).sum().backward()
    optimizer.step()
    assert len(path.read_text("utf-8").splitlines()) == 2
    record.close()


def test_accumulated_batches_give_the_row_of_the_whole_batch(tmp_path):
    x = torch.randn(8, 3, generator=torch.Generator().manual_seed(2)).double()
    rows = []
    for parts in (1, 4):
        model = network()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        path = tmp_path / f"{parts}.jsonl"
        with recorder.watch(model, optimizer, path, accumulate=parts) as record:
            for part in x.chunk(parts):
                (record.loss(model(part).square().mean()) / parts).backward()
            optimizer.step()
        rows.append(recorded(path)[1][0])
    for name in ("loss", "delta", "gradient", "weight", "update", "mean", "std", "zero", "dead"):
        same(rows[1][name], np.array(rows[0][name], float))


def test_a_scaled_loss_gives_the_row_of_the_plain_one(tmp_path):
    x = torch.randn(8, 3, generator=torch.Generator().manual_seed(2)).double()
    rows = []
    for scaler in (None, torch.amp.GradScaler("cpu", init_scale=1024.0)):
        model = network()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        path = tmp_path / "run.jsonl"
        with recorder.watch(model, optimizer, path, scaler=scaler) as record:
            loss = record.loss(model(x).square().mean())
            (loss if scaler is None else scaler.scale(loss)).backward()
            if scaler is None:
                optimizer.step()
            else:
                scaler.step(optimizer)
                scaler.update()
        rows.append(recorded(path)[1][0])
    for name in ("delta", "gradient", "update"):
        same(rows[1][name], np.array(rows[0][name], float))


def test_a_step_that_the_scaler_skips_leaves_nothing_in_the_row(tmp_path):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    x = torch.ones(4, 3).double()
    with recorder.watch(model, optimizer, tmp_path / "run.jsonl", scaler=scaler) as record:
        for factor in (math.inf, 1.0):
            optimizer.zero_grad()
            scaler.scale(record.loss(factor * model(x).square().mean())).backward()
            scaler.step(optimizer)
            scaler.update()
    _, (row,) = recorded(tmp_path / "run.jsonl")
    assert np.isfinite(row["delta"]).all()
    assert "calls" not in row


def test_autocast_is_recorded(tmp_path):
    model = network().float()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with recorder.watch(model, optimizer, tmp_path / "run.jsonl") as record:
        with torch.autocast("cpu", torch.bfloat16):
            loss = record.loss(model(torch.ones(4, 3)).square().mean())
        loss.backward()
        optimizer.step()
    _, (row,) = recorded(tmp_path / "run.jsonl")
    assert all(value > 0 for value in row["delta"])


def gradient_at(model, layer, x):
    """What autograd finds at a layer's output for the mean loss: every call's."""
    outputs = []
    hook = layer.register_forward_hook(lambda _, __, out: outputs.append(out))
    model.zero_grad()
    loss = model(x).square().mean()
    found = torch.autograd.grad(loss, outputs)
    hook.remove()
    return found


class Branches(nn.Module):
    """Convolutions with a residual connection, in-place and functional activations, a pool."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, padding=1)
        self.block = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4))
        self.relu = nn.ReLU(inplace=True)
        self.out = nn.Linear(4, 2)

    def forward(self, x):
        x = torch.tanh(self.first(x))
        x = self.relu(self.block(x) + x)
        return self.out(F.gelu(x).mean(dim=(2, 3)))


def test_convolutions_have_the_errors_of_autograd(tmp_path):
    torch.manual_seed(0)
    model = Branches().double()
    x = torch.randn(6, 1, 5, 5).double()
    layers = {"first": model.first, "block.0": model.block[0], "block.1": model.block[1]}
    expected = {name: gradient_at(model, layer, x)[0] for name, layer in layers.items()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model.zero_grad()
    with recorder.watch(model, optimizer, tmp_path / "run.jsonl"):
        model(x).square().mean().backward()
        optimizer.step()
    head, (row,) = recorded(tmp_path / "run.jsonl")
    names = [layer["name"] for layer in head["layers"]]
    assert names == ["first", "block.0", "block.1", "out"]
    assert [layer["activation"] for layer in head["layers"]] == ["tanh", "relu", None, None]
    for name, gradient in expected.items():
        found = row["delta"][names.index(name)]
        assert found == pytest.approx(6 * gradient.square().mean().sqrt().item(), rel=1e-9)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_a_recurrent_layer_has_the_error_of_every_time_step(tmp_path, kind):
    torch.manual_seed(0)
    layer = getattr(nn, kind)(2, 3, batch_first=True).double()
    out = nn.Linear(3, 1).double()
    x = torch.randn(4, 7, 2).double()

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.out = layer, out

        def forward(self, x):
            return self.out(self.layer(x)[0])

    cell = getattr(nn, f"{kind}Cell")(2, 3).double()
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        getattr(cell, name).data = getattr(layer, f"{name}_l0").data
    hidden, seen = None, []
    for t in range(7):
        hidden = cell(x[:, t], hidden)
        seen.append(hidden[0] if kind == "LSTM" else hidden)
    loss = out(torch.stack(seen, dim=1)).square().mean()
    expected = [4 * g.square().mean().sqrt().item() for g in torch.autograd.grad(loss, seen)]

    model = Model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with recorder.watch(model, optimizer, tmp_path / "run.jsonl") as record:
        value = record.loss(model(x).square().mean())
        value.backward()
        optimizer.step()
    _, (row,) = recorded(tmp_path / "run.jsonl")
    assert value.item() == pytest.approx(loss.item(), rel=1e-12)
    np.testing.assert_allclose(row["calls"]["0"], expected, rtol=1e-9)


def test_a_shared_layer_is_one_layer_with_all_its_calls(tmp_path):
    torch.manual_seed(0)
    shared = nn.Linear(3, 3)
    model = nn.Sequential(shared, nn.Tanh(), shared, nn.Tanh(), nn.Linear(3, 1)).double()
    head, (row,) = steps(model, tmp_path / "run.jsonl", 1)
    assert [layer["name"] for layer in head["layers"]] == ["0", "4"]
    assert len(row["calls"]["0"]) == 2


def test_a_frozen_layer_has_an_error_and_no_gradient(tmp_path):
    model = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3), nn.Linear(3, 1)).double()
    model[2].weight.requires_grad = False
    _, (row,) = steps(model, tmp_path / "run.jsonl", 1)
    assert row["gradient"][1] is None
    assert row["update"][1] == 0
    assert row["delta"][1] > 0


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
def test_a_transformer_block_is_recorded(tmp_path):
    torch.manual_seed(0)
    block = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
    model = nn.Sequential(nn.Embedding(11, 8), block, nn.Linear(8, 11))
    optimizer = torch.optim.AdamW(model.parameters())
    with recorder.watch(model, optimizer, tmp_path / "run.jsonl", every=1) as record:
        for _ in range(2):
            optimizer.zero_grad()
            tokens = torch.arange(20).reshape(4, 5) % 11
            value = F.cross_entropy(model(tokens).flatten(0, 1), tokens.flatten())
            record.loss(value, samples=20).backward()
            optimizer.step()
    head, rows = recorded(tmp_path / "run.jsonl")
    kinds = [layer["kind"] for layer in head["layers"]]
    assert kinds == ["embedding", "attention", "norm", "linear", "linear", "norm", "linear"]
    assert head["layers"][3]["activation"] == "relu"
    assert all(value > 0 for row in rows for value in row["delta"])
    assert rows[0]["samples"] == 20


class Block(nn.Module):
    """Attention and a layer, each added to what it was given and normalized."""

    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(6, 2, batch_first=True)
        self.linear = nn.Linear(6, 6)
        self.norms = nn.ModuleList([nn.LayerNorm(6), nn.LayerNorm(6)])

    def forward(self, x):
        x = self.norms[0](x + self.attention(x, x, x, need_weights=False)[0])
        return self.norms[1](x + F.gelu(self.linear(x)))


def test_attention_and_residual_connections_have_the_errors_of_autograd(tmp_path):
    torch.manual_seed(0)
    model, outputs = nn.Sequential(Block(), Block()).double(), {}
    x = torch.randn(5, 7, 6).double()
    for name, layer in model.named_modules():
        if isinstance(layer, (nn.MultiheadAttention, nn.LayerNorm)) or name.endswith("linear"):

            def keep(_, __, output, name=name):
                outputs[name] = output[0] if isinstance(output, tuple) else output

            layer.register_forward_hook(keep)
    gradients = torch.autograd.grad(model(x).sin().mean(), list(outputs.values()))
    expected = [5 * g.square().mean().sqrt().item() for g in gradients]
    names = list(outputs)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with recorder.watch(model, optimizer, tmp_path / "run.jsonl"):
        model(x).sin().mean().backward()
        optimizer.step()
    head, (row,) = recorded(tmp_path / "run.jsonl")
    assert [layer["name"] for layer in head["layers"]] == names
    np.testing.assert_allclose(row["delta"], expected, rtol=1e-9)


def test_an_evaluation_between_two_steps_is_not_recorded(tmp_path):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with recorder.watch(model, optimizer, tmp_path / "run.jsonl"):
        with torch.no_grad():
            model(torch.full((50, 3), 7.0).double())
        model(torch.ones(2, 3).double()).mean().backward()
        optimizer.step()
    _, (row,) = recorded(tmp_path / "run.jsonl")
    assert row["samples"] == 2
    assert "calls" not in row
    plain = network()
    values = plain[0](torch.ones(2, 3).double()).relu()
    assert row["mean"][0] == pytest.approx(values.mean().item(), rel=1e-9)


def test_an_activation_in_place_has_the_row_of_one_that_is_not(tmp_path):
    rows = []
    for in_place in (False, True):
        model = network()
        model[1] = nn.ELU(alpha=1.0, inplace=in_place)
        model[0].weight.data *= 10
        rows.append(steps(model, tmp_path / "run.jsonl", 1)[1][0])
    assert 0 < rows[0]["saturated"][0] < 1
    assert rows[0] == rows[1]


def test_a_forward_pass_that_fails_leaves_no_mode_behind(tmp_path):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with recorder.watch(model, optimizer, tmp_path / "run.jsonl"):
        with pytest.raises(RuntimeError):
            model(torch.ones(2, 9).double())
        assert torch.overrides._get_current_function_mode_stack() == []


def test_numbers_that_are_not_finite_are_written_as_words(tmp_path):
    model = network()
    model[0].weight.data[0, 0] = math.inf
    _, (row,) = steps(model, tmp_path / "run.jsonl", 1)
    assert row["delta"] == ["inf", "inf"]


def test_a_long_recording_takes_fewer_steps(tmp_path, monkeypatch):
    monkeypatch.setattr(recorder, "MOST", 4)
    _, rows = steps(network(), tmp_path / "run.jsonl", 14, every=1)
    assert [row["step"] for row in rows] == [0, 1, 2, 3, 4, 6, 8, 10, 12]


def test_of_long_rows_fewer_are_written_sooner(tmp_path, monkeypatch):
    monkeypatch.setattr(recorder, "LONGEST", 1)
    _, rows = steps(network(), tmp_path / "run.jsonl", 8, every=1)
    assert [row["step"] for row in rows] == [0, 2, 4]


def test_a_compiled_model_is_refused(tmp_path):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(ValueError, match=r"torch\.compile"):
        recorder.watch(torch.compile(model, backend="eager"), optimizer, tmp_path / "run.jsonl")


def test_a_model_without_layers_is_refused(tmp_path):
    model = nn.Sequential(nn.PReLU())
    with pytest.raises(ValueError, match="no layer"):
        recorder.watch(model, torch.optim.SGD(model.parameters(), lr=0.1), tmp_path / "run.jsonl")
