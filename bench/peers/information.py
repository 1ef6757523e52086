"""Annealing of `pushforward information bounds` in PyTorch (eager) and JAX: Hamiltonian chains from the prior, forward and reverse as one
batch, with frozen temperatures and step sizes.

    python information.py torch|jax FOLDER CHAINS

Requests on stdin: {"task", "reps"}; the task is FOLDER/task.npz. Answers: {"first", "times" in ms, "peak" in MiB, "weights"}."""
import json
import os
import resource
import sys
import time
from pathlib import Path

import numpy as np

THREADS = int(os.environ.get("THREADS", "2"))


class Plan:
    """What bench/information.ts wrote: data, exact draws, schedule, layers."""

    def __init__(self, path, chains):
        stored = np.load(path)
        self.x, self.u = stored["x"].astype(np.float32), stored["u"].astype(np.float32)
        self.points, self.latent = self.u.shape
        self.chains, self.leapfrogs = chains, int(stored["leapfrogs"])
        self.variance = float(stored["variance"])
        count = sum(name.startswith("w") for name in stored.files)
        self.layers = [(stored[f"w{i}"], stored[f"b{i}"]) for i in range(count)]
        betas, steps = stored["betas"], stored["stepSizes"]
        last = len(betas) - 1
        rows = chains * self.points
        both = lambda f, r: np.repeat(np.array([f, r]), rows).astype(np.float32)
        up = [(t, last + 1 - t) for t in range(1, last + 1)]
        # of the temperature t forward and T + 1 - t in reverse, by row
        self.beta = np.stack([both(betas[f], betas[r]) for f, r in up])
        self.epsilon = np.stack([both(steps[f - 1], steps[r - 1]) for f, r in up])[:, :, None]
        self.forward = np.stack([both(betas[f] - betas[f - 1], 0) for f, _ in up])
        self.reverse = np.stack([both(0, betas[r] - betas[r - 1]) for _, r in up])
        self.rows = rows

    def starts(self, normal):
        return np.concatenate([normal, np.tile(self.u, (self.chains, 1))])


def torch_run(plan):
    import torch
    import torch.nn.functional as F

    torch.set_num_threads(THREADS)
    on = lambda a: torch.from_numpy(np.ascontiguousarray(a))
    layers = [(on(w), on(b)) for w, b in plan.layers]
    x = on(plan.x)[None]
    beta, epsilon, forward, reverse = map(on, (plan.beta, plan.epsilon, plan.forward, plan.reverse))

    def likelihood(z):
        h = z
        for i, (w, b) in enumerate(layers):
            h = torch.addmm(b, F.elu(h) if i else h, w)
        y = h.reshape(-1, plan.points, h.shape[1])
        if plan.variance:
            return ((x - y) ** 2).sum(-1).mul(-0.5 / plan.variance).reshape(-1)
        return (x * y - F.softplus(y)).sum(-1).reshape(-1)

    def slopes(z):
        z = z.detach().requires_grad_(True)
        value = likelihood(z)
        (gradient,) = torch.autograd.grad(value.sum(), z)
        return value.detach(), gradient

    def run():
        z = on(plan.starts(torch.randn(plan.rows, plan.latent).numpy()))
        value, gradient = slopes(z)
        weights = torch.zeros(len(z), dtype=torch.float64)
        for t in range(len(beta)):
            b, e = beta[t], epsilon[t]
            weights += forward[t] * value
            start = p = torch.randn_like(z)
            y, v, g = z, value, gradient
            p = p + 0.5 * e * (b[:, None] * g - y)
            for i in range(plan.leapfrogs):
                y = y + e * p
                v, g = slopes(y)
                p = p + (e if i + 1 < plan.leapfrogs else 0.5 * e) * (b[:, None] * g - y)
            change = b * (v - value) + 0.5 * ((z - y) * (z + y)).sum(1) + 0.5 * ((start - p) * (start + p)).sum(1)
            accept = torch.log(torch.rand(len(z))) < change
            z = torch.where(accept[:, None], y, z)
            gradient = torch.where(accept[:, None], g, gradient)
            value = torch.where(accept, v, value)
            weights += reverse[t] * value
        return weights.numpy()

    return run


def jax_run(plan):
    import jax
    import jax.numpy as jnp

    layers, x = [(jnp.asarray(w), jnp.asarray(b)) for w, b in plan.layers], jnp.asarray(plan.x)[None]

    def likelihood(z):
        h = z
        for i, (w, b) in enumerate(layers):
            h = (jax.nn.elu(h) if i else h) @ w + b
        y = h.reshape(-1, plan.points, h.shape[1])
        if plan.variance:
            return ((x - y) ** 2).sum(-1).reshape(-1) * (-0.5 / plan.variance)
        return (x * y - jax.nn.softplus(y)).sum(-1).reshape(-1)

    def slopes(z):
        value, pull = jax.vjp(likelihood, z)
        return value, pull(jnp.ones_like(value))[0]

    def step(carry, at):
        z, value, gradient, weights, key = carry
        b, e, forward, reverse = at
        key, one, two = jax.random.split(key, 3)
        weights = weights + forward * value
        start = jax.random.normal(one, z.shape)

        def leap(i, state):
            y, p, _, _ = state
            y = y + e * p
            v, g = slopes(y)
            share = jnp.where(i + 1 < plan.leapfrogs, 1.0, 0.5)
            return y, p + share * e * (b[:, None] * g - y), v, g

        p = start + 0.5 * e * (b[:, None] * gradient - z)
        y, p, v, g = jax.lax.fori_loop(0, plan.leapfrogs, leap, (z, p, value, gradient))
        change = b * (v - value) + 0.5 * ((z - y) * (z + y)).sum(1) + 0.5 * ((start - p) * (start + p)).sum(1)
        accept = jnp.log(jax.random.uniform(two, value.shape)) < change
        z = jnp.where(accept[:, None], y, z)
        gradient = jnp.where(accept[:, None], g, gradient)
        value = jnp.where(accept, v, value)
        return (z, value, gradient, weights + reverse * value, key), None

    schedule = tuple(map(jnp.asarray, (plan.beta, plan.epsilon, plan.forward, plan.reverse)))

    @jax.jit
    def whole(z, key):
        value, gradient = slopes(z)
        (_, _, _, weights, _), _ = jax.lax.scan(step, (z, value, gradient, jnp.zeros(len(z)), key), schedule)
        return weights

    rng = np.random.default_rng(0)

    def run():
        z = plan.starts(rng.standard_normal((plan.rows, plan.latent)).astype(np.float32))
        return np.asarray(whole(jnp.asarray(z), jax.random.PRNGKey(int(rng.integers(2**31)))))

    return run


def main():
    kind, folder, chains = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    make, runs = {"torch": torch_run, "jax": jax_run}[kind], {}
    for line in sys.stdin:
        request = json.loads(line)
        name, first = request["task"], None
        if name not in runs:
            begin = time.perf_counter()
            plan = Plan(folder / f"{name}.npz", chains)
            runs[name] = make(plan), plan.rows
            runs[name][0]()
            first = 1000 * (time.perf_counter() - begin)
        run, rows = runs[name]
        times = []
        for _ in range(request["reps"]):
            begin = time.perf_counter()
            weights = run()
            times.append(1000 * (time.perf_counter() - begin))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        means = [float(weights[:rows].mean()), float(weights[rows:].mean())]
        print(json.dumps({"first": first, "times": times, "peak": peak, "weights": means}), flush=True)


main()
