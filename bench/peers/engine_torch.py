"""The engine benchmark's tasks in PyTorch (eager). Same protocol as engine_jax.py."""
import json
import os
import resource
import sys
import time

import torch
import torch.nn.functional as F

torch.set_num_threads(int(os.environ.get("THREADS", "2")))
torch.manual_seed(0)


def normal(*shape, scale=1.0):
    return torch.randn(*shape) * scale


def weights(sizes):
    p = {}
    for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
        p[f"w{i}"] = normal(a, b, scale=a**-0.5)
        p[f"b{i}"] = torch.zeros(b)
    return p


def leaf(p):
    return {k: v.requires_grad_(True) for k, v in p.items()}


def mlp(act, layers, p, x):
    for i in range(layers):
        x = torch.addmm(p[f"b{i}"], x, p[f"w{i}"])
        if i + 1 < layers:
            x = act(x)
    return x


def gradient_step(loss):
    def step(p, *data):
        value = loss(p, *data)
        grads = torch.autograd.grad(value, list(p.values()))
        with torch.no_grad():
            torch._foreach_add_(list(p.values()), grads, alpha=-1e-3)
        return value

    return step


def squared_gradient(p, x):
    x = x.detach().requires_grad_(True)
    (g,) = torch.autograd.grad(mlp(F.silu, 3, p, x).sum(), x, create_graph=True)
    return (g**2).sum(1).mean()


def conv_net(p, x):
    h = F.max_pool2d(F.relu(F.conv2d(x, p["k0"], p["c0"], padding=1)), 2)
    h = F.max_pool2d(F.relu(F.conv2d(h, p["k1"], p["c1"], padding=1)), 2)
    return torch.addmm(p["b"], h.reshape(x.shape[0], -1), p["w"])


def block(p, x):
    b, t, d = x.shape
    heads = 4
    norm = lambda h, i: F.layer_norm(h, (d,), p[f"g{i}"], p[f"o{i}"])
    split = lambda h: h.reshape(b, t, heads, d // heads).transpose(1, 2)
    h = norm(x, 0)
    q, k, v = (split(h @ p[w]) for w in ("wq", "wk", "wv"))
    a = F.scaled_dot_product_attention(q, k, v)
    y = x + a.transpose(1, 2).reshape(b, t, d) @ p["wo"]
    return y + F.gelu(norm(y, 1) @ p["w0"] + p["b0"]) @ p["w1"] + p["b1"]


def transformer_weights():
    d = 128
    p = {k: normal(d, d, scale=d**-0.5) for k in ("wq", "wk", "wv", "wo")}
    p.update(w0=normal(d, 4 * d, scale=d**-0.5), b0=torch.zeros(4 * d), w1=normal(4 * d, d, scale=0.5 * d**-0.5), b1=torch.zeros(d))
    for i in (0, 1):
        p[f"g{i}"], p[f"o{i}"] = torch.ones(d), torch.zeros(d)
    return leaf(p)


def laplacian(p, x):
    with torch.no_grad():
        v, j, l = x, torch.eye(12)[:, None, :].expand(12, *x.shape), torch.zeros_like(x)
        for i in range(3):
            w = p[f"w{i}"]
            v, j, l = torch.addmm(p[f"b{i}"], v, w), j @ w, l @ w
            if i < 2:
                t = torch.tanh(v)
                d1 = 1 - t * t
                v, j, l = t, d1 * j, d1 * l - 2 * t * d1 * (j * j).sum(0)
        return v[:, 0], j[:, :, 0].T, l[:, 0]


class AdamTask:
    def __init__(self):
        self.p = leaf(weights([784, 512, 512, 10]))
        self.optimizer = torch.optim.Adam(self.p.values(), lr=1e-3)

    def __call__(self, x, y):
        self.optimizer.zero_grad()
        F.cross_entropy(mlp(F.relu, 3, self.p, x), y).backward()
        self.optimizer.step()


labels = lambda n: torch.arange(n) % 10
conv_weights = lambda: leaf(
    dict(k0=normal(16, 1, 3, 3, scale=1 / 3), c0=torch.zeros(16), k1=normal(32, 16, 3, 3, scale=1 / 12), c1=torch.zeros(32), w=normal(1568, 10, scale=0.02), b=torch.zeros(10))
)
tasks = {
    "T1": lambda: (gradient_step(lambda p, x, y: ((mlp(F.silu, 3, p, x) - y) ** 2).mean()), (leaf(weights([2, 64, 64, 1])), normal(256, 2), normal(256, 1))),
    "T2": lambda: (gradient_step_sparse, (leaf(weights([2, 64, 64, 1])), normal(256, 2))),
    "T2w": lambda: (gradient_step_sparse, (leaf(weights([2, 256, 256, 1])), normal(256, 2))),
    "T3": lambda: (AdamTask(), (normal(128, 784), labels(128))),
    "T4": lambda: (gradient_step(lambda p, x, y: F.cross_entropy(conv_net(p, x), y)), (conv_weights(), normal(64, 1, 28, 28), labels(64))),
    "T5": lambda: (gradient_step(lambda p, x: (block(p, x) ** 2).mean()), (transformer_weights(), normal(16, 64, 128))),
    "T6": lambda: (laplacian, (weights([12, 64, 64, 1]), normal(256, 12))),
    "T7": lambda: (lambda a, b: a @ b, (normal(1024, 1024), normal(1024, 1024))),
}


def gradient_step_sparse(p, x):
    """The last bias does not enter the input gradient: autograd has no gradient for it."""
    value = squared_gradient(p, x)
    ps = [v for k, v in p.items() if k != "b2"]
    grads = torch.autograd.grad(value, ps)
    with torch.no_grad():
        torch._foreach_add_(ps, grads, alpha=-1e-3)
    return value


running = {}
for line in sys.stdin:
    request = json.loads(line)
    name = request["task"]
    first = None
    if name not in running:
        f, args = tasks[name]()
        start = time.perf_counter()
        f(*args)
        first = (time.perf_counter() - start) * 1e3
        running[name] = (f, args)
    f, args = running[name]
    times = []
    for _ in range(request["reps"]):
        start = time.perf_counter()
        f(*args)
        times.append((time.perf_counter() - start) * 1e3)
    print(json.dumps({"first": first, "times": times, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}), flush=True)
