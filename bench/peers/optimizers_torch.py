"""The optimizer benchmark's steps in PyTorch (eager), with torch.optim. Same protocol as engine_torch.py; a task is "model optimizer"."""
import json
import os
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(int(os.environ.get("THREADS", "2")))
torch.manual_seed(0)
clock = time.process_time if os.environ.get("CLOCK") == "cpu" else time.perf_counter
labels = lambda n, classes: torch.arange(n) % classes


class Block(nn.Module):
    def __init__(self, d=128, heads=4):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.o = (nn.Linear(d, d) for _ in range(4))
        self.up, self.down = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)
        self.n1, self.n2 = nn.LayerNorm(d), nn.LayerNorm(d)

    def forward(self, x):
        b, t, d = x.shape
        split = lambda h: h.reshape(b, t, self.heads, d // self.heads).transpose(1, 2)
        h = self.n1(x)
        a = F.scaled_dot_product_attention(split(self.q(h)), split(self.k(h)), split(self.v(h)), is_causal=True)
        x = x + self.o(a.transpose(1, 2).reshape(b, t, d))
        return x + self.down(F.gelu(self.up(self.n2(x))))


class Language(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.blocks = nn.Embedding(96, 128), nn.ModuleList([Block(), Block()])
        self.norm, self.head = nn.LayerNorm(128), nn.Linear(128, 96)

    def forward(self, x):
        h = self.table(x)
        for block in self.blocks:
            h = block(h)
        return self.head(self.norm(h)).flatten(0, 1)


def convolutional():
    sizes = [(1, 16), (16, 32), (32, 64)]
    layers = [m for a, b in sizes for m in (nn.Conv2d(a, b, 3, 2, 1), nn.ReLU())]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


models = {
    "mlp": lambda: (nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)), torch.randn(128, 784), labels(128, 10)),
    "cnn": lambda: (convolutional(), torch.randn(128, 1, 28, 28), labels(128, 10)),
    "transformer": lambda: (Language(), labels(1024, 96).reshape(16, 64), labels(1024, 95)),
}


class Both:
    """Muon for matrices and torch's AdamW for the rest."""

    def __init__(self, parameters):
        parameters = list(parameters)
        self.parts = [
            torch.optim.Muon([p for p in parameters if p.ndim == 2], lr=1e-4),
            torch.optim.AdamW([p for p in parameters if p.ndim != 2], lr=1e-4),
        ]

    def zero_grad(self):
        for part in self.parts:
            part.zero_grad()

    def step(self):
        for part in self.parts:
            part.step()


optimizers = {
    "adamw": lambda p: torch.optim.AdamW(p, lr=1e-4),
    "sgd": lambda p: torch.optim.SGD(p, lr=1e-4, momentum=0.9),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=1e-4),
    "muon": Both,
}


class Step:
    def __init__(self, name):
        model, optimizer = name.split(" ")
        self.net, self.x, self.y = models[model]()
        self.optimizer = optimizers[optimizer](self.net.parameters())

    def __call__(self):
        self.optimizer.zero_grad()
        F.cross_entropy(self.net(self.x), self.y).backward()
        self.optimizer.step()


running = {}
for line in sys.stdin:
    request = json.loads(line)
    name = request["task"]
    try:
        if name not in running:
            running[name] = Step(name)
        times = []
        for _ in range(request["reps"]):
            start = clock()
            running[name]()
            times.append((clock() - start) * 1e3)
        print(json.dumps({"first": None, "times": times, "peak": 0}), flush=True)
    except (AttributeError, ValueError) as problem:  # an optimizer that this PyTorch lacks
        print(json.dumps({"missing": str(problem)}), flush=True)
