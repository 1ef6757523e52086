"""Action matching and flow matching of `pushforward images` in JAX (jit, f32): the U-Net of src/nn/unet.ts, the steps of bench/images-steps.ts.

    python images_jax.py FILES

Pictures have their channels last, which XLA's convolutions on processors want."""
import functools
import math

import jax
import jax.numpy as jnp

from images_common import DECAY, GROUPS, HEADS, RATE, SCALE, load, serve, tree


def conv(p, x, stride=1):
    y = jax.lax.conv_general_dilated(x, p["w"], (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    return y + p["b"]


def norm(p, x):
    n, *space, c = x.shape
    rows = x.reshape(n, -1, GROUPS, c // GROUPS)
    mean = rows.mean((1, 3), keepdims=True)
    variance = ((rows - mean) ** 2).mean((1, 3), keepdims=True)
    return ((rows - mean) * jax.lax.rsqrt(variance + 1e-5)).reshape(x.shape) * p["scale"] + p["shift"]


def dense(p, x):
    return x @ p["w"] + p["b"]


def attend(p, h):
    n, *space, c = h.shape
    x = norm(p["norm"], h).reshape(n, -1, c)
    q, k, v = (dense(p["attention"][name], x).reshape(n, -1, HEADS, c // HEADS) for name in ("query", "key", "value"))
    weights = jax.nn.softmax(jnp.einsum("nihd,njhd->nhij", q, k) / math.sqrt(c // HEADS))
    y = jnp.einsum("nhij,njhd->nihd", weights, v).reshape(n, -1, c)
    return h + dense(p["attention"]["out"], y).reshape(h.shape)


def block(p, h, embedded):
    inner = conv(p["conv1"], jax.nn.silu(norm(p["norm1"], h)))
    scale, shift = jnp.split(dense(p["time"], embedded)[:, None, None, :], 2, -1)
    branch = conv(p["conv2"], jax.nn.silu(norm(p["norm2"], inner) * (1 + scale) + shift))
    y = (conv(p["skip"], h) if "skip" in p else h) + branch
    return attend(p["spatial"], y) if "spatial" in p else y


def unet(p, x, time):
    first, second = p["time"]
    half = first["w"].shape[0] // 2
    phase = SCALE * time[:, None] * 10000.0 ** (-jnp.arange(half) / half)
    features = jnp.concatenate([jnp.sin(phase), jnp.cos(phase)], 1)
    embedded = jax.nn.silu(dense(second, jax.nn.silu(dense(first, features))))
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
            h = block(b, jnp.concatenate([h, kept.pop()], -1), embedded)
        if "resample" in level:
            h = conv(level["resample"], h.repeat(2, 1).repeat(2, 2))
    return conv(p["last"], jax.nn.silu(norm(p["norm"], h)))


def velocity(p, x, time):
    return jax.grad(lambda z: (z * unet(p, z, time)).sum())(x)


def loss(kind, p, x, v, time, weight):
    if kind == "action":
        g = velocity(p, x, time)
        each = 0.5 * g * g - g * v
    else:
        each = (unet(p, x, time) - v) ** 2
    return (each.sum((1, 2, 3)) * weight).mean()


@functools.partial(jax.jit, static_argnums=0, donate_argnums=1)
def train(kind, state, batch):
    p, m, s, average, t = state
    g = jax.grad(loss, 1)(kind, p, *batch)
    t = t + 1
    m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
    s = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, s, g)
    down = lambda w, a, b: w - RATE * (a / (1 - 0.9**t)) / (jnp.sqrt(b / (1 - 0.999**t)) + 1e-8)
    p = jax.tree.map(down, p, m, s)
    return p, m, s, jax.tree.map(lambda a, w: a + (w - a) * (1 - DECAY), average, p), t


@functools.partial(jax.jit, static_argnums=0)
def value(kind, p, batch):
    found, g = jax.value_and_grad(loss, 1)(kind, p, *batch)
    return found, jnp.sqrt(sum((x**2).sum() for x in jax.tree.leaves(g)))


runs = {"sample": jax.jit(velocity), "forward": jax.jit(unet)}


class Network:
    def __init__(self, size):
        params, batch = load(size)
        self.params = tree({n: jnp.asarray(a.transpose(2, 3, 1, 0) if a.ndim == 4 else a) for n, a in params.items()})
        self.batch = [jnp.asarray(a.transpose(0, 2, 3, 1) if a.ndim == 4 else a) for a in batch]
        zeros = lambda: jax.tree.map(jnp.zeros_like, self.params)
        copy = lambda: jax.tree.map(jnp.copy, self.params)
        self.start = lambda: (copy(), zeros(), zeros(), copy(), jnp.zeros(()))
        self.state = None

    def check(self, kind):
        return [float(x) for x in value(kind, self.params, self.batch)]

    def step(self, kind):
        if kind in runs:
            return jax.block_until_ready(runs[kind](self.params, self.batch[0], self.batch[2]))
        self.state = jax.block_until_ready(train(kind, self.state or self.start(), self.batch))


serve(Network)
