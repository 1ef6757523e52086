"""Action matching and the Wasserstein Lagrangian flow of `pushforward trajectories`, in PyTorch (eager): the same networks, losses and optimizer."""
import os

import torch
import torch.nn.functional as F

from trajectories_common import CLIP, DECAY, LAYERS, RATE, WIDTH, serve

torch.set_num_threads(int(os.environ.get("THREADS", "2")))
torch.manual_seed(0)


def init(sizes):
    return [w for a, b in zip(sizes, sizes[1:]) for w in (torch.randn(a, b) * a**-0.5, torch.zeros(b))]


def mlp(p, x):
    for i in range(0, len(p), 2):
        x = torch.addmm(p[i + 1], x, p[i])
        if i + 2 < len(p):
            x = F.silu(x)
    return x


def action(p, t, x):
    c = torch.addmm(p[1], torch.cat([t, t**2], 1), p[0])
    return mlp(p[2:], torch.cat([t, x], 1))[:, 0] + 0.5 * c[:, 0] * (x**2).sum(1) + (c[:, 1:] * x).sum(1)


def gradient(p, t, x, create=True):
    x = x.detach().requires_grad_(True)
    return torch.autograd.grad(action(p, t, x).sum(), x, create_graph=create)[0]


def residual(p, t, x):
    t, x = t.detach().requires_grad_(True), x.detach().requires_grad_(True)
    dt, dx = torch.autograd.grad(action(p, t, x).sum(), (t, x), create_graph=True)
    return dt[:, 0] + 0.5 * (dx**2).sum(1)


def force(p, t, x):
    x = x.detach().requires_grad_(True)
    t = t.detach().requires_grad_(True)
    dt, dx = torch.autograd.grad(action(p, t, x).sum(), (t, x), create_graph=True)
    return torch.autograd.grad((dt[:, 0] + 0.5 * (dx**2).sum(1)).sum(), x)[0]


def generate(q, t, u, a, b):
    half = (u < 0.5).float()
    h = 3 * torch.tanh(mlp(q, torch.cat([t, u, a, b, half], 1)) / 3)
    return a * (1 - u) + b * u + h * (2 * u * (1 - u))


class Descent:
    def __init__(self, params, rate):
        self.p = [w.requires_grad_(True) for w in params]
        self.ema = [w.detach().clone() for w in params]
        self.adam = torch.optim.Adam(self.p, lr=rate)

    def __call__(self, loss):
        grads = torch.autograd.grad(loss, self.p, allow_unused=True)
        for w, g in zip(self.p, grads):
            w.grad = torch.zeros_like(w) if g is None else g
        torch.nn.utils.clip_grad_norm_(self.p, CLIP)
        self.adam.step()
        torch._foreach_lerp_(self.ema, [w.detach() for w in self.p], 1 - DECAY)


class Stepper:
    def __init__(self, run, path):
        self.run, self.path = run, path

    def __call__(self):
        self.run(*[torch.from_numpy(x) for x in self.path.batch()])

    def wait(self):
        pass


def start(path):
    d = path.start.shape[1]
    return [torch.zeros(2, d + 1), torch.zeros(d + 1)] + init([d + 1] + [WIDTH] * LAYERS + [1])


def predictor(down, path):
    def predict():
        x, (t0, t1), n = torch.from_numpy(path.start), path.held, 50
        h = (t1 - t0) / n
        for k in range(n):
            t = torch.full((len(x), 1), t0 + k * h)
            v = gradient(down.ema, t, x, False)
            x = x + h / 2 * (v + gradient(down.ema, t + h, x + h * v, False))
        return x.detach().numpy()

    return predict


def am(path):
    down = Descent(start(path), RATE)

    def run(t, u, gap, a, b, first, last):
        g = gradient(down.p, t, a + (b - a) * u)
        down(((0.5 * g**2) - g * (b - a) / gap).sum(1).mean())

    return Stepper(run, path), predictor(down, path)


def wlf(path):
    d, span = path.start.shape[1], float(path.times[-1] - path.times[0])
    down, moving = Descent(start(path), RATE), Descent(init([2 * d + 3, WIDTH, WIDTH, d]), RATE / 10)

    def run(t, u, gap, a, b, first, last):
        xq = generate(moving.p, t, u, a, b)
        f = pull = force(down.p, t, xq)
        x = xq.detach()
        for k in range(2):
            f = f if k == 0 else force(down.p, t, x)
            x = x + f.clamp(-1, 1) * (0.04 * u * (1 - u))
        ends = action(down.p, torch.full_like(t, float(path.times[0])), first) - action(down.p, torch.full_like(t, float(path.times[-1])), last)
        down(ends.mean() + residual(down.p, t, x).mean() * span)
        moving(-(pull * xq).sum(1).mean() * span)

    return Stepper(run, path), predictor(down, path)


serve({"am": am, "wlf-ot": wlf})
