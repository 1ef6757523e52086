"""Value and gradient of the brick circuit of `pushforward binarize` in PyTorch (complex tensors, eager) and JAX (jit), complex128.

    python quantum.py torch|jax DEPTH

Requests on stdin: {"task": number of qubits, "reps"}. Answers: {"first", "times" in ms, "peak" in MiB, "value", "norm" of the gradient}.
Amplitudes are a vector; a row of RZ is one product with phases, a row of CX one gather, RY is applied qubit by qubit."""
import json
import os
import resource
import sys
import time

import numpy as np

THREADS = int(os.environ.get("THREADS", "1"))
kind, depth = sys.argv[1], int(sys.argv[2])


def setting(n):
    """Angles [2, depth, n], costs, where amplitudes come from in odd and even rows of CX, and signs 1 - 2 bit [n, 2^n]."""
    angles = np.fmod(2.399963 * np.arange(1, 2 * n * depth + 1), 6.283185).reshape(2, depth, n)
    k = np.arange(2**n)
    sources = []
    for d in range(depth):
        mask = sum(1 << j for j in range(n - 1) if j % 2 == (d + 1) % 2)
        sources.append(k ^ ((k & mask) << 1))
    signs = np.stack([1.0 - 2.0 * ((k >> j) & 1) for j in range(n)])
    return angles, np.sin(k.astype(np.float64)), sources, signs


def torch_task(n):
    import torch

    torch.set_num_threads(THREADS)
    angles, costs, sources, signs = setting(n)
    on = torch.from_numpy
    costs, signs = on(costs), on(signs)
    sources = [on(s) for s in sources]
    theta = on(angles).requires_grad_()

    def value(theta):
        psi = torch.zeros(2**n, dtype=torch.complex128)
        psi[0] = 1
        for d in range(depth):
            psi = psi[sources[d]]
            for j in range(n):
                c, s = torch.cos(theta[0, d, j] / 2), torch.sin(theta[0, d, j] / 2)
                v = psi.reshape(-1, 2, 2**j)
                psi = torch.stack([c * v[:, 0] - s * v[:, 1], s * v[:, 0] + c * v[:, 1]], 1).reshape(-1)
            phase = -0.5 * (theta[1, d] @ signs)
            psi = psi * torch.complex(torch.cos(phase), torch.sin(phase))
        return (costs * (psi.real**2 + psi.imag**2)).sum()

    def run():
        theta.grad = None
        e = value(theta)
        e.backward()
        return float(e), float(theta.grad.norm())

    return run


def jax_task(n):
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    angles, costs, sources, signs = setting(n)

    def value(theta):
        psi = jnp.zeros(2**n, dtype=jnp.complex128).at[0].set(1)
        for d in range(depth):
            psi = psi[sources[d]]
            for j in range(n):
                c, s = jnp.cos(theta[0, d, j] / 2), jnp.sin(theta[0, d, j] / 2)
                v = psi.reshape(-1, 2, 2**j)
                psi = jnp.stack([c * v[:, 0] - s * v[:, 1], s * v[:, 0] + c * v[:, 1]], 1).reshape(-1)
            phase = -0.5 * (theta[1, d] @ signs)
            psi = psi * jax.lax.complex(jnp.cos(phase), jnp.sin(phase))
        return (costs * (psi.real**2 + psi.imag**2)).sum()

    both = jax.jit(jax.value_and_grad(value))

    def run():
        e, g = both(angles)
        return float(e), float(jnp.linalg.norm(g))

    return run


tasks = {}
for line in sys.stdin:
    request = json.loads(line)
    n = int(request["task"])
    first = None
    if n not in tasks:
        begin = time.perf_counter()
        tasks[n] = (torch_task if kind == "torch" else jax_task)(n)
        tasks[n]()
        first = 1e3 * (time.perf_counter() - begin)
    times = []
    for _ in range(request["reps"]):
        begin = time.perf_counter()
        value, norm = tasks[n]()
        times.append(1e3 * (time.perf_counter() - begin))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"first": first, "times": times, "peak": peak, "value": value, "norm": norm}), flush=True)
