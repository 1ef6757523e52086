"""Action matching and the Wasserstein Lagrangian flow of `pushforward trajectories`, in JAX: the same networks, losses and optimizer."""
import jax
import jax.numpy as jnp
import numpy as np
import optax

from trajectories_common import CLIP, DECAY, LAYERS, RATE, WIDTH, serve


def init(key, sizes):
    keys = jax.random.split(key, len(sizes))
    return [(jax.random.normal(k, (a, b)) * a**-0.5, jnp.zeros(b)) for k, a, b in zip(keys, sizes, sizes[1:])]


def mlp(p, x):
    for i, (w, b) in enumerate(p):
        x = x @ w + b
        if i + 1 < len(p):
            x = jax.nn.silu(x)
    return x


def action(p, t, x):
    net, (w, b) = p
    c = jnp.concatenate([t, t**2], 1) @ w + b
    return mlp(net, jnp.concatenate([t, x], 1))[:, 0] + 0.5 * c[:, 0] * (x**2).sum(1) + (c[:, 1:] * x).sum(1)


gradient = jax.grad(lambda x, p, t: action(p, t, x).sum())


def residual(p, t, x):
    dt, dx = jax.grad(lambda t, x: action(p, t, x).sum(), (0, 1))(t, x)
    return dt[:, 0] + 0.5 * (dx**2).sum(1)


def force(p, t, x):
    v = gradient(x, p, t)
    return jax.jvp(lambda t, x: gradient(x, p, t), (t, x), (jnp.ones_like(t), v))[1]


def generate(q, t, u, a, b):
    half = (u < 0.5).astype(jnp.float32)
    h = 3 * jnp.tanh(mlp(q, jnp.concatenate([t, u, a, b, half], 1)) / 3)
    return a * (1 - u) + b * u + h * (2 * u * (1 - u))


class Stepper:
    def __init__(self, run, state, path):
        self.run, self.state, self.path = run, state, path

    def __call__(self):
        self.state = self.run(self.state, *self.path.batch())

    def wait(self):
        jax.block_until_ready(self.state)


def optimizer(rate):
    return optax.chain(optax.clip_by_global_norm(CLIP), optax.adam(rate))


def descend(opt, loss, p, o, ema):
    g = jax.grad(loss)(p)
    up, o = opt.update(g, o)
    p = optax.apply_updates(p, up)
    return p, o, jax.tree.map(lambda a, b: a + (b - a) * (1 - DECAY), ema, p)


def start(path):
    d = path.start.shape[1]
    net = init(jax.random.PRNGKey(0), [d + 1] + [WIDTH] * LAYERS + [1])
    return (net, (jnp.zeros((2, d + 1)), jnp.zeros(d + 1)))


def predictor(stepper, path):
    move = jax.jit(lambda p, t, x: gradient(x, p, t))

    def predict():
        x, (t0, t1), n = path.start, path.held, 50
        p, h = stepper.state[2], (path.held[1] - path.held[0]) / 50
        for k in range(n):
            t = np.full((len(x), 1), t0 + k * h, np.float32)
            v = move(p, t, x)
            x = x + h / 2 * (v + move(p, t + h, x + h * v))
        return x

    return predict


def am(path):
    opt, p = optimizer(RATE), start(path)

    @jax.jit
    def run(state, t, u, gap, a, b, first, last):
        def loss(p):
            g = gradient(a + (b - a) * u, p, t)
            return ((0.5 * g**2) - g * (b - a) / gap).sum(1).mean()

        return descend(opt, loss, *state)

    stepper = Stepper(run, (p, opt.init(p), p), path)
    return stepper, predictor(stepper, path)


def wlf(path):
    opt, opt_q, p = optimizer(RATE), optimizer(RATE / 10), start(path)
    d, span = path.start.shape[1], float(path.times[-1] - path.times[0])
    q = init(jax.random.PRNGKey(1), [2 * d + 3, WIDTH, WIDTH, d])

    @jax.jit
    def run(state, t, u, gap, a, b, first, last):
        (p, o, ema, q, oq, eq) = state
        xq = generate(q, t, u, a, b)
        f = pull = force(p, t, xq)
        x = xq
        for k in range(2):
            f = f if k == 0 else force(p, t, x)
            x = x + jnp.clip(f, -1, 1) * (0.04 * u * (1 - u))

        def loss(p):
            ends = action(p, jnp.full_like(t, path.times[0]), first) - action(p, jnp.full_like(t, path.times[-1]), last)
            return ends.mean() + residual(p, t, x).mean() * span

        p, o, ema = descend(opt, loss, p, o, ema)
        q, oq, eq = descend(opt_q, lambda q: -(pull * generate(q, t, u, a, b)).sum(1).mean() * span, q, oq, eq)
        return p, o, ema, q, oq, eq

    stepper = Stepper(run, (p, opt.init(p), p, q, opt_q.init(q), q), path)
    return stepper, predictor(stepper, path)


serve({"am": am, "wlf-ot": wlf})
