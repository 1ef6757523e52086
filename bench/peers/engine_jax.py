"""The engine benchmark's tasks in JAX (jit). Reads {"task": ..., "reps": n} per line, answers with times in milliseconds."""
import functools
import json
import resource
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np

rng = np.random.default_rng(0)


def weights(sizes):
    p = {}
    for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
        p[f"w{i}"] = jnp.asarray(rng.normal(size=(a, b)) / np.sqrt(a), jnp.float32)
        p[f"b{i}"] = jnp.zeros(b, jnp.float32)
    return p


def normal(*shape, scale=1.0):
    return jnp.asarray(rng.normal(size=shape) * scale, jnp.float32)


def mlp(act, layers, p, x):
    for i in range(layers):
        x = x @ p[f"w{i}"] + p[f"b{i}"]
        if i + 1 < layers:
            x = act(x)
    return x


def gradient_step(loss):
    def step(p, *data):
        value, g = jax.value_and_grad(loss)(p, *data)
        return jax.tree.map(lambda a, b: a - 1e-3 * b, p, g), value

    return step


small = functools.partial(mlp, jax.nn.silu, 3)
big = functools.partial(mlp, jax.nn.relu, 3)


def cross_entropy(logits, y):
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], 1))


def squared_gradient(p, x):
    g = jax.grad(lambda z: small(p, z).sum())(x)
    return (g**2).sum(1).mean()


def adam_step(state, x, y):
    p, m, v, t = state
    value, g = jax.value_and_grad(lambda p: cross_entropy(big(p, x), y))(p)
    t = t + 1
    rate = 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    m = jax.tree.map(lambda m, g: m + 0.1 * (g - m), m, g)
    v = jax.tree.map(lambda v, g: v + 0.001 * (g * g - v), v, g)
    p = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-8), p, m, v)
    return (p, m, v, t), value


def conv_net(p, x):
    dn = ("NCHW", "OIHW", "NCHW")
    pool = lambda h: jax.lax.reduce_window(h, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
    h = jax.lax.conv_general_dilated(x, p["k0"], (1, 1), "SAME", dimension_numbers=dn) + p["c0"][None, :, None, None]
    h = pool(jax.nn.relu(h))
    h = jax.lax.conv_general_dilated(h, p["k1"], (1, 1), "SAME", dimension_numbers=dn) + p["c1"][None, :, None, None]
    h = pool(jax.nn.relu(h))
    return h.reshape(x.shape[0], -1) @ p["w"] + p["b"]


def block(p, x):
    b, t, d = x.shape
    heads = 4

    def norm(h, i):
        h = h - h.mean(-1, keepdims=True)
        return h * jax.lax.rsqrt((h * h).mean(-1, keepdims=True) + 1e-5) * p[f"g{i}"] + p[f"o{i}"]

    split = lambda h: h.reshape(b, t, heads, d // heads).transpose(0, 2, 1, 3)
    h = norm(x, 0)
    q, k, v = (split(h @ p[w]) for w in ("wq", "wk", "wv"))
    a = jax.nn.softmax(q @ k.transpose(0, 1, 3, 2) / np.sqrt(d // heads), axis=-1)
    y = x + (a @ v).transpose(0, 2, 1, 3).reshape(b, t, d) @ p["wo"]
    return y + jax.nn.gelu(norm(y, 1) @ p["w0"] + p["b0"], approximate=False) @ p["w1"] + p["b1"]


def transformer_weights():
    d = 128
    p = {k: normal(d, d, scale=d**-0.5) for k in ("wq", "wk", "wv", "wo")}
    p.update(w0=normal(d, 4 * d, scale=d**-0.5), b0=jnp.zeros(4 * d), w1=normal(4 * d, d, scale=0.5 * d**-0.5), b1=jnp.zeros(d))
    for i in (0, 1):
        p[f"g{i}"], p[f"o{i}"] = jnp.ones(d), jnp.zeros(d)
    return p


def laplacian(p, x):
    """Forward Laplacian written by hand: value, Jacobian channels [12, rows, width], Laplacian."""
    v, j, l = x, jnp.broadcast_to(jnp.eye(12)[:, None, :], (12, *x.shape)), jnp.zeros_like(x)
    for i in range(3):
        w = p[f"w{i}"]
        v, j, l = v @ w + p[f"b{i}"], j @ w, l @ w
        if i < 2:
            t = jnp.tanh(v)
            d1 = 1 - t * t
            v, j, l = t, d1 * j, d1 * l - 2 * t * d1 * (j * j).sum(0)
    return v[:, 0], j[:, :, 0].T, l[:, 0]


def adam_args():
    p = weights([784, 512, 512, 10])
    zeros = jax.tree.map(jnp.zeros_like, p)
    return (p, zeros, zeros, jnp.float32(0)), normal(128, 784), labels(128)


labels = lambda n: jnp.asarray(np.arange(n) % 10, jnp.int32)
mse = lambda p, x, y: ((small(p, x) - y) ** 2).mean()
conv_weights = lambda: dict(
    k0=normal(16, 1, 3, 3, scale=1 / 3), c0=jnp.zeros(16), k1=normal(32, 16, 3, 3, scale=1 / 12), c1=jnp.zeros(32), w=normal(1568, 10, scale=0.02), b=jnp.zeros(10)
)
tasks = {
    "T1": (gradient_step(mse), lambda: (weights([2, 64, 64, 1]), normal(256, 2), normal(256, 1)), True),
    "T2": (gradient_step(squared_gradient), lambda: (weights([2, 64, 64, 1]), normal(256, 2)), True),
    "T2w": (gradient_step(squared_gradient), lambda: (weights([2, 256, 256, 1]), normal(256, 2)), True),
    "T3": (adam_step, adam_args, True),
    "T4": (gradient_step(lambda p, x, y: cross_entropy(conv_net(p, x), y)), lambda: (conv_weights(), normal(64, 1, 28, 28), labels(64)), True),
    "T5": (gradient_step(lambda p, x: (block(p, x) ** 2).mean()), lambda: (transformer_weights(), normal(16, 64, 128)), True),
    "T6": (laplacian, lambda: (weights([12, 64, 64, 1]), normal(256, 12)), False),
    "T7": (lambda a, b: a @ b, lambda: (normal(1024, 1024), normal(1024, 1024)), False),
}

running = {}
for line in sys.stdin:
    request = json.loads(line)
    name = request["task"]
    first = None
    if name not in running:
        f, make, feeds = tasks[name]
        args = jax.block_until_ready(make())
        start = time.perf_counter()
        compiled = jax.jit(f)
        jax.block_until_ready(compiled(*args))
        first = (time.perf_counter() - start) * 1e3
        running[name] = [compiled, args, feeds]
    compiled, args, feeds = running[name]
    times = []
    for _ in range(request["reps"]):
        start = time.perf_counter()
        result = jax.block_until_ready(compiled(*args))
        times.append((time.perf_counter() - start) * 1e3)
        if feeds:
            args = (result[0], *args[1:])
    running[name][1] = args
    print(json.dumps({"first": first, "times": times, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}), flush=True)
