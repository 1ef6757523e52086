"""Action matching and flow matching of `pushforward images` in PyTorch (eager, f32): the U-Net of src/nn/unet.ts, the steps of bench/images-steps.ts.

    python images_torch.py FILES

Adam and the moving average use the lists of tensors that PyTorch has fused (foreach). LAYOUT=channels_last keeps pictures with channels last."""
import math
import os

import torch
import torch.nn.functional as F

from images_common import DECAY, GROUPS, HEADS, RATE, SCALE, load, serve, tree

torch.set_num_threads(int(os.environ.get("THREADS", "1")))
layout = torch.channels_last if os.environ.get("LAYOUT") == "channels_last" else torch.contiguous_format


def conv(p, x, stride=1):
    if stride == 1:
        return F.conv2d(x, p["w"], p["b"], padding=p["w"].shape[-1] // 2)
    return F.conv2d(F.pad(x, (0, 1, 0, 1)), p["w"], p["b"], stride=stride)


def norm(p, x):
    return F.group_norm(x, GROUPS, p["scale"], p["shift"])


def dense(p, x):
    return x @ p["w"] + p["b"]


def attend(p, h):
    n, c, *space = h.shape
    x = norm(p["norm"], h).flatten(2).transpose(1, 2)
    q, k, v = (dense(p["attention"][name], x).unflatten(2, (HEADS, -1)).transpose(1, 2) for name in ("query", "key", "value"))
    weights = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(c // HEADS), -1)
    y = dense(p["attention"]["out"], (weights @ v).transpose(1, 2).flatten(2))
    return h + y.transpose(1, 2).reshape(h.shape)


def block(p, h, embedded):
    inner = conv(p["conv1"], F.silu(norm(p["norm1"], h)))
    scale, shift = dense(p["time"], embedded)[:, :, None, None].chunk(2, 1)
    branch = conv(p["conv2"], F.silu(norm(p["norm2"], inner) * (1 + scale) + shift))
    y = (conv(p["skip"], h) if "skip" in p else h) + branch
    return attend(p["spatial"], y) if "spatial" in p else y


def unet(p, x, time):
    first, second = p["time"]
    half = first["w"].shape[0] // 2
    phase = SCALE * time[:, None] * 10000.0 ** (-torch.arange(half) / half)
    features = torch.cat([phase.sin(), phase.cos()], 1)
    embedded = F.silu(dense(second, F.silu(dense(first, features))))
    h, kept = conv(p["first"], x), []
    for level in p["down"]:
        for b in level["blocks"]:
            h = block(b, h, embedded)
            kept.append(h)
        if "resample" in level:
            h = conv(level["resample"], h, 2)
    h = block(p["middle"], h, embedded)
    for level in p["up"]:
        for b in level["blocks"]:
            h = block(b, torch.cat([h, kept.pop()], 1), embedded)
        if "resample" in level:
            h = conv(level["resample"], F.interpolate(h, scale_factor=2, mode="nearest"))
    return conv(p["last"], F.silu(norm(p["norm"], h)))


def velocity(p, x, time, create):
    x = x.detach().requires_grad_(True)
    return torch.autograd.grad((x * unet(p, x, time)).sum(), x, create_graph=create)[0]


class Network:
    def __init__(self, size):
        params, batch = load(size)
        place = lambda a: torch.from_numpy(a).to(memory_format=layout) if a.ndim == 4 else torch.from_numpy(a)
        self.params = {name: place(a).requires_grad_(True) for name, a in params.items()}
        self.tree = tree(self.params)
        self.x, self.v, self.time, self.weight = map(place, batch)
        self.leaves = list(self.params.values())
        self.adam = torch.optim.Adam(self.leaves, lr=RATE, foreach=True)
        self.average = [w.detach().clone() for w in self.leaves]

    def loss(self, kind):
        if kind == "action":
            g = velocity(self.tree, self.x, self.time, True)
            each = 0.5 * g * g - g * self.v
        else:
            each = (unet(self.tree, self.x, self.time) - self.v) ** 2
        return (each.flatten(1).sum(1) * self.weight).mean()

    def check(self, kind):
        loss = self.loss(kind)
        grads = torch.autograd.grad(loss, self.leaves)
        return loss.item(), math.sqrt(sum((g.double() ** 2).sum().item() for g in grads))

    def step(self, kind):
        if kind == "sample":
            return velocity(self.tree, self.x, self.time, False)
        if kind == "forward":
            with torch.no_grad():
                return unet(self.tree, self.x, self.time)
        self.adam.zero_grad(set_to_none=True)
        self.loss(kind).backward()
        self.adam.step()
        torch._foreach_lerp_(self.average, [w.detach() for w in self.leaves], 1 - DECAY)


serve(Network)
