"""The variational attack of `pushforward audit` in PyTorch: all posteriors as one batch, codes of J goals [J, n, d], eager, f32.

    python audit_torch.py FILES STEPS

FILES/TASK.npz holds parameters by name, the components of the generator, the weights of the target, and noise for the check.
Requests on stdin: {"task": "gaussian:check" | "gaussian:steps" | "flow:check" | …, "reps"}. Answers: {"first", "times" in ms a step, "peak" in MiB,
"losses" of the check}. Adam and the running mean use the fused lists of tensors that PyTorch has (foreach)."""
import json
import math
import os
import resource
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(int(os.environ.get("THREADS", "1")))
now = time.process_time if os.environ.get("CLOCK") == "cpu" else time.perf_counter
files, steps = sys.argv[1], int(sys.argv[2])
MEMORY = 0.98


def log_normal(z):
    return -0.5 * (z * z).sum(-1) - 0.5 * z.shape[-1] * math.log(2 * math.pi)


class Attack:
    def __init__(self, kind):
        data = np.load(os.path.join(files, kind + ".npz"))
        on = lambda name: torch.from_numpy(data[name].copy())
        self.kind, self.data = kind, data
        self.generator, self.picture = on("directions"), on("picture")
        self.first, self.second = on("first"), on("second")
        self.gamma, self.target = on("gamma"), on("target").long()
        self.noise = on("noise")
        shared = {"first", "second", "noise", "picture", "directions", "target", "gamma"}
        prefix = "affine." if kind == "flow" else ""
        self.names = [n for n in data.files if not n.startswith("order.") and n not in shared]
        self.params = {n: on(n).requires_grad_() for n in self.names}
        self.affine = {key: self.params[prefix + key] for key in ("mean", "scale", "below")}
        if kind == "flow":
            self.order = [torch.from_numpy(data[f"order.{k}"].astype(np.int64)) for k in range(4)]
            self.back = [torch.argsort(o) for o in self.order]
        self.steps_of_flow = 4

    def factor(self):
        s = F.softplus(self.affine["scale"])
        return torch.tril(self.affine["below"], -1) + torch.diag_embed(s), s.log().sum(-1)

    def inverse(self, k, h):
        p = lambda name: self.params[f"levels.0.steps.{k}.{name}"]
        d = h.shape[-1]
        kept = d - d // 2
        h1, h2 = h[..., :kept], h[..., kept:]
        x = F.elu(torch.baddbmm(p("layers.0.b").unsqueeze(1), h1, p("layers.0.w")))
        x = F.elu(torch.baddbmm(p("layers.1.b").unsqueeze(1), x, p("layers.1.w")))
        y = torch.baddbmm(p("layers.2.b").unsqueeze(1), x, p("layers.2.w")) * torch.exp(3 * p("outputScale")).unsqueeze(1)
        shift, raw = y[..., : d // 2], y[..., d // 2 :]
        divisor = (1 + torch.exp(-(raw + 2))) / (1 + math.exp(-2))
        moved = h2 * divisor - shift
        z = torch.cat([h1, moved], -1)[..., self.back[k]]
        z = z * torch.exp(-p("logScale")).unsqueeze(1) - p("shift").unsqueeze(1)
        return z, p("logScale").sum(-1, keepdim=True) - divisor.log().sum(-1)

    def losses(self, noise):
        lower, log_det = self.factor()
        h = noise
        if self.kind == "flow":
            log_density = log_normal(noise) - log_det.unsqueeze(1)
            for k in reversed(range(self.steps_of_flow)):
                h, volume = self.inverse(k, h)
                log_density = log_density + volume
        z = torch.baddbmm(self.affine["mean"].unsqueeze(1), h, lower.transpose(1, 2))
        J, n, d = z.shape
        x = torch.addmm(self.picture, z.reshape(J * n, d), self.generator)
        x = x + (x.clamp(0, 1) - x).detach()
        logits = F.relu(x @ self.first) @ self.second
        target = self.target.repeat_interleave(n)
        nll = F.cross_entropy(logits, target, reduction="none").reshape(J, n).mean(1)
        if self.kind == "flow":
            kl = (log_density - log_normal(z)).mean(1)
        else:
            m = self.affine["mean"]
            kl = 0.5 * ((lower * lower).sum((1, 2)) + (m * m).sum(1) - d) - log_det
        return nll + self.gamma * kl

    def start(self):
        params = list(self.params.values())
        self.optimizer = torch.optim.Adam(params, lr=3e-3 if self.kind == "flow" else 0.03, foreach=True)
        self.average = [p.detach().clone() for p in params]

    def step(self):
        J, n, d = self.noise.shape
        half = torch.randn(J, n // 2, d)
        losses = self.losses(torch.cat([half, -half], 1))
        self.optimizer.zero_grad(set_to_none=True)
        losses.sum().backward()
        self.optimizer.step()
        with torch.no_grad():
            apart = torch._foreach_sub([p.detach() for p in self.params.values()], self.average)
            torch._foreach_add_(self.average, apart, alpha=1 - MEMORY)
        return losses.tolist()


attacks = {}
for line in sys.stdin:
    request = json.loads(line)
    kind, part = request["task"].split(":")
    attack = attacks.setdefault(kind, None) or Attack(kind)
    if attacks[kind] is None:
        attack.start()
        attacks[kind] = attack
    answer = {"first": None, "times": []}
    if part == "check":
        answer["losses"] = attack.losses(attack.noise).tolist()
        answer["times"] = [0]
    else:
        for _ in range(request["reps"]):
            begin = now()
            for _ in range(steps):
                attack.step()
            answer["times"].append(1e3 * (now() - begin) / steps)
    answer["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(answer), flush=True)
