"""The step of `pushforward molecule` in JAX, as its users write it: one walker at a time and vmap over walkers, the batch first.

    python molecule_jax.py FOLDER forward|hessian

forward: the Laplacian is carried through the layers by hand (as folx does), each electron along its own coordinates until electrons meet.
hessian: FermiNet's default, a loop of derivatives of the gradient along the 3N coordinates.

Requests on stdin: {"task", "reps"}; the task is SYSTEM:PART, the part energy, slope (energy and its gradient), fr or wfr (a whole step), check;
the system is FOLDER/SYSTEM.json with sizes and settings, FOLDER/SYSTEM.npz with parameters and walkers. Answers: {"first", "times" in ms,
"peak" in MiB}; for check also "energy", "slope" (electron by electron) and "updated" (parameters after a step of wfr, in the order of the file)."""
import functools
import json
import os
import resource
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

now = time.process_time if os.environ.get("CLOCK") == "cpu" else time.perf_counter
if "THREADS" in os.environ:
    # Batched LAPACK calls wait for threads of the pool they run in, forever where it has one or two: NPROC more, on so many processors.
    jax.block_until_ready(jax.jit(jnp.sin)(1.0))
    allowed = set(sorted(os.sched_getaffinity(0))[: int(os.environ["THREADS"])])
    for thread in os.listdir("/proc/self/task"):
        os.sched_setaffinity(int(thread), allowed)
dtype = jnp.float64 if jax.config.jax_enable_x64 else jnp.float32


class Problem:
    def __init__(self, path):
        self.__dict__.update(json.loads(path.with_suffix(".json").read_text()))
        stored = np.load(path.with_suffix(".npz"))
        self.parameters = {name: jnp.asarray(stored[name], dtype) for name in stored.files if name != "x"}
        self.n = self.up + self.down
        self.x = jnp.asarray(stored["x"], dtype).reshape(-1, self.n, 3)
        self.centres = jnp.asarray(self.positions, dtype)
        self.z = jnp.asarray(self.charges, dtype)
        self.pairs = np.triu_indices(self.n, 1)
        self.parallel = (self.pairs[0] < self.up) == (self.pairs[1] < self.up)
        self.spins = [(s, a, b) for s, a, b in [("up", 0, self.up), ("down", self.up, self.n)] if b > a]


def network(problem):
    """log|psi| of one walker x [N, 3]. Taps are added to the results of linear maps, and inputs of these are noted, where asked for."""
    n, heads = problem.n, problem.heads

    def log_psi(p, x, taps=None, notes=None):
        def linear(name, h):
            if notes is not None:
                notes[name] = h
            y = h @ p[f"linear/{name}/weight"]
            bias = p.get(f"linear/{name}/bias")
            y = y if bias is None else y + bias
            return y if taps is None else y + taps[name]

        away = x[:, None] - problem.centres
        r = jnp.sqrt((away**2).sum(-1, keepdims=True))
        grown = jnp.log1p(r)
        spin = jnp.where(jnp.arange(n) < problem.up, 1.0, -1.0).astype(x.dtype)[:, None]
        h = linear("embed", jnp.concatenate([jnp.concatenate([grown, away * grown / r], -1).reshape(n, -1), spin], -1))
        for layer in range(problem.layers):
            q, k, v = (linear(f"layer{layer}.{name}", h).reshape(n, heads, -1) for name in ("query", "key", "value"))
            weights = jax.nn.softmax(jnp.einsum("ihc,jhc->hij", q, k) / np.sqrt(q.shape[-1]), -1)
            h = h + linear(f"layer{layer}.out", jnp.einsum("hij,jhc->ihc", weights, v).reshape(n, -1))
            h = h + jnp.tanh(linear(f"layer{layer}.mlp2", jnp.tanh(linear(f"layer{layer}.mlp1", h))))
        rows = []
        for s, a, b in problem.spins:
            pi, sigma = (p[f"other/envelope.{s}.{kind}"][..., 0, 0] for kind in ("weight", "decay"))
            envelope = (pi * jnp.exp(-sigma * r[a:b])).sum(1)
            rows.append(linear(f"orbitals.{s}", h[a:b]) * envelope)
        sign, log = jnp.linalg.slogdet(jnp.concatenate(rows).reshape(n, -1, n).swapaxes(0, 1))
        return jax.nn.logsumexp(log, b=sign, return_sign=True)[0] + jastrow(p, x)[0]

    def jastrow(p, x):
        """J, its derivative and second derivative by each distance, distances and differences of pairs."""
        i, j = problem.pairs
        apart = x[i] - x[j]
        r = jnp.sqrt((apart**2).sum(-1))
        alpha = jnp.where(problem.parallel, p["other/jastrow.parallel"], p["other/jastrow.antiparallel"])
        c = jnp.where(problem.parallel, 0.25, 0.5).astype(x.dtype) * alpha**2
        return -(c / (alpha + r)).sum(), c / (alpha + r) ** 2, -2 * c / (alpha + r) ** 3, r, apart

    def forward(p, x):
        """log|psi|, its gradient and Laplacian: (v, J, L) carried through every layer; J has 3 directions a walker at first, then 3N."""
        d, directions = x.dtype, 3 * n
        w = lambda name: p[f"linear/{name}/weight"]
        among = jnp.eye(n, dtype=d)

        def linear(name, t, bias=None):
            v, jac, lap = (u @ w(name) for u in t)
            return (v if bias is None else v + bias), jac, lap

        def tanh(t):
            v, jac, lap = t
            y = jnp.tanh(v)
            slope = 1 - y * y
            return y, slope * jac, slope * lap - 2 * y * slope * (jac * jac).sum(0)

        def spread(jac):
            """[3, N, f] along own coordinates -> [3N, N, f]."""
            return (among[:, None, :, None] * jac[None]).reshape(directions, n, -1)

        away = x[:, None] - problem.centres
        r = jnp.sqrt((away**2).sum(-1, keepdims=True))
        unit = away / r
        dr, lap_r = jnp.moveaxis(unit, -1, 0)[..., None], 2 / r
        f, df, ddf = jnp.log1p(r), 1 / (1 + r), -1 / (1 + r) ** 2
        g, dg = f / r, df / r - f / r**2
        ddg = ddf / r - 2 * df / r**2 + 2 * f / r**3
        jac_away = jnp.eye(3, dtype=d)[:, None, None]
        jac = jnp.concatenate([df * dr, g * jac_away + away * dg * dr], -1).reshape(3, n, -1)
        lap = jnp.concatenate([ddf + df * lap_r, away * (ddg + dg * lap_r) + 2 * dg * unit], -1).reshape(n, -1)
        spin = jnp.where(jnp.arange(n) < problem.up, 1.0, -1.0).astype(d)[:, None]
        none = jnp.zeros((n, 1), d)
        features = jnp.concatenate([jnp.concatenate([f, away * g], -1).reshape(n, -1), spin], -1)
        own = features, jnp.concatenate([jac, jnp.zeros((3, n, 1), d)], -1), jnp.concatenate([lap, none], -1)
        t = own = linear("embed", own)
        for layer in range(problem.layers):
            met = [linear(f"layer{layer}.{name}", t) for name in ("query", "key", "value")]
            if layer == 0:
                met, t = [(v, spread(j), l) for v, j, l in met], (t[0], spread(t[1]), t[2])
            split = lambda a: a.reshape(*a.shape[:-1], problem.heads, -1)
            (q, jq, lq), (k, jk, lk), (v, jv, lv) = [tuple(split(a) for a in u) for u in met]
            scale = 1 / np.sqrt(q.shape[-1])
            q, jq, lq = q * scale, jq * scale, lq * scale
            score = jnp.einsum("ihc,jhc->hij", q, k)
            js = jnp.einsum("dihc,jhc->dhij", jq, k) + jnp.einsum("ihc,djhc->dhij", q, jk)
            ls = jnp.einsum("ihc,jhc->hij", lq, k) + jnp.einsum("ihc,jhc->hij", q, lk) + 2 * jnp.einsum("dihc,djhc->hij", jq, jk)
            a = jax.nn.softmax(score, -1)
            centred = js - (a * js).sum(-1, keepdims=True)
            square = (centred**2).sum(0)
            ja = a * centred
            la = a * (ls - (a * ls).sum(-1, keepdims=True) + square - (a * square).sum(-1, keepdims=True))
            flat = lambda u: u.reshape(*u.shape[:-2], -1)
            value = flat(jnp.einsum("hij,jhc->ihc", a, v))
            jac = flat(jnp.einsum("dhij,jhc->dihc", ja, v) + jnp.einsum("hij,djhc->dihc", a, jv))
            lap = jnp.einsum("hij,jhc->ihc", la, v) + jnp.einsum("hij,jhc->ihc", a, lv) + 2 * jnp.einsum("dhij,djhc->ihc", ja, jv)
            out = linear(f"layer{layer}.out", (value, jac, flat(lap)))
            t = tuple(u + y for u, y in zip(t, out))
            inner = tanh(linear(f"layer{layer}.mlp1", t, p[f"linear/layer{layer}.mlp1/bias"]))
            outer = tanh(linear(f"layer{layer}.mlp2", inner, p[f"linear/layer{layer}.mlp2/bias"]))
            t = tuple(u + y for u, y in zip(t, outer))
        rows = []
        for s, a, b in problem.spins:
            y, jy, ly = ((u[..., a:b, :] @ w(f"orbitals.{s}")) for u in t)
            pi, sigma = (p[f"other/envelope.{s}.{kind}"][..., 0, 0] for kind in ("weight", "decay"))
            each = pi * jnp.exp(-sigma * r[a:b])
            e, je = each.sum(1), (-sigma * each * dr[:, a:b]).sum(2)
            le = (sigma**2 * each - sigma * each * lap_r[a:b]).sum(1)
            place = among[:, None, a:b, None]
            mine = (place * jy.reshape(n, 3, b - a, -1)).sum(0)  # directions of the electron's own coordinates
            jac = jy * e + (place * (y * je)[None]).reshape(directions, b - a, -1)
            rows.append((y * e, jac, ly * e + y * le + 2 * (mine * je).sum(0)))
        phi, jphi, lphi = (jnp.concatenate(u, -2) for u in zip(*rows))
        matrices = lambda u: jnp.swapaxes(u.reshape(*u.shape[:-1], -1, n), -3, -2)  # [..., K, electron, orbital]
        phi, jphi, lphi = matrices(phi), matrices(jphi), matrices(lphi)
        sign, log = jnp.linalg.slogdet(phi)
        turned = jnp.linalg.inv(phi) @ jphi
        trace = lambda u: jnp.trace(u, axis1=-2, axis2=-1)
        jl = trace(turned)
        ll = trace(jnp.linalg.inv(phi) @ lphi) - (turned * jnp.swapaxes(turned, -1, -2)).sum((0, -2, -1))
        total, _ = jax.nn.logsumexp(log, b=sign, return_sign=True)
        share = sign * jnp.exp(log - jax.lax.stop_gradient(log.max()))
        share = share / share.sum()
        slope = (share * jl).sum(-1)
        lap = (share * (ll + (jl**2).sum(0))).sum() - (slope**2).sum()
        factor, first, second, r_pairs, apart = jastrow(p, x)
        i, j = problem.pairs
        force = (first / r_pairs)[:, None] * apart
        gradient = slope.reshape(n, 3).at[i].add(force).at[j].add(-force)
        return total + factor, gradient, lap + 2 * (second + 2 * first / r_pairs).sum()

    def hessian(p, x):
        flat = x.reshape(-1)
        value = lambda y: log_psi(p, y.reshape(n, 3))
        gradient, along = jax.linearize(jax.grad(value), flat)
        basis = jnp.eye(3 * n, dtype=x.dtype)
        lap = jax.lax.fori_loop(0, 3 * n, lambda k, total: total + along(basis[k])[k], jnp.zeros((), x.dtype))
        return None, gradient.reshape(n, 3), lap

    return log_psi, forward, hessian


def potential(problem, x):
    r = jnp.sqrt(((x[:, None] - problem.centres) ** 2).sum(-1))
    i, j = problem.pairs
    return (1 / jnp.sqrt(((x[i] - x[j]) ** 2).sum(-1))).sum() - (problem.z / r).sum() + problem.nuclear


def energies(problem, how):
    log_psi, forward, hessian = network(problem)
    carried = forward if how == "forward" else hessian

    def energy(p, x):
        _, gradient, lap = carried(p, x)
        kinetic = -0.5 * (lap + (gradient**2).sum())
        return kinetic + potential(problem, x), (kinetic, 2 * jnp.sqrt((gradient**2).sum()))

    return log_psi, energy


def step(problem, how, transport):
    """A whole step: energies, clipping, gradients, Kronecker factors and their inverse, update, ten moves of the chain."""
    log_psi, energy = energies(problem, how)
    batched = jax.vmap(log_psi, (None, 0))

    def statistics(p, x):
        """Second moments of what passes through linear maps, and of gradients of log q by other parameters."""
        shapes = {}

        class Shapes(dict):
            def __getitem__(self, name):
                return 0.0

        notes = {}
        jax.eval_shape(lambda y: (log_psi(p, y, Shapes(), notes), shapes.update({k: v.shape for k, v in notes.items()}))[0], x[0])
        taps = {k: jnp.zeros((s[0], p[f"linear/{k}/weight"].shape[1]), dtype) for k, s in shapes.items()}
        others = {k: v for k, v in p.items() if k.startswith("other/")}

        def passed(taps, others, y):
            notes = {}
            return 2 * log_psi({**p, **others}, y, taps, notes), notes

        (delta, o), inputs = jax.vmap(jax.grad(passed, (0, 1), has_aux=True), (None, None, 0))(taps, others, x)
        factors = {}
        for name in taps:
            a = inputs[name].reshape(-1, inputs[name].shape[-1])
            a = jnp.concatenate([a, jnp.ones((a.shape[0], 1), dtype)], 1) if f"linear/{name}/bias" in p else a
            flat = delta[name].reshape(-1, delta[name].shape[-1])
            factors[name] = a.T @ a / a.shape[0], flat.T @ flat / x.shape[0]
        for name, rows in o.items():
            rows = rows.reshape(x.shape[0], -1)
            factors[name] = (rows.T @ rows / x.shape[0],) if rows.shape[1] <= 256 else ((rows**2).mean(0),)
        return factors

    def inverse(p, factors, g):
        v, root, solve = {}, np.sqrt(problem.damping), lambda m, r: jax.scipy.linalg.cho_solve(jax.scipy.linalg.cho_factor(m), r)
        ridge = lambda m, by: m + by * jnp.eye(m.shape[0], dtype=dtype)
        for name, factor in factors.items():
            if name.startswith("other/"):
                (m,) = factor
                flat = g[name].reshape(-1)
                v[name] = (flat / (m + problem.damping) if m.ndim == 1 else solve(ridge(m, problem.damping), flat)).reshape(g[name].shape)
                continue
            a, b = factor
            ratio = jnp.sqrt(jnp.diag(a).mean() / jnp.diag(b).mean())
            weight, bias = f"linear/{name}/weight", f"linear/{name}/bias"
            whole = jnp.concatenate([g[weight], g[bias][None]]) if bias in g else g[weight]
            found = solve(ridge(b, root / ratio), solve(ridge(a, root * ratio), whole).T).T
            v[weight] = found[: g[weight].shape[0]]
            if bias in g:
                v[bias] = found[-1]
        return v

    def clipped(e):
        middle = jnp.median(e)
        limit = problem.clip * jnp.abs(e - middle).mean()
        kept = jnp.clip(e, middle - limit, middle + limit)
        return kept - kept.mean()

    def masks(s):
        middle = jnp.median(s)
        m = (s < middle + problem.clip * jnp.abs(s - middle).mean()).astype(dtype)
        return m / m.mean()

    @jax.jit
    def whole(p, x, averages, width, key):
        if transport:
            (e, (kinetic, scores)), slope = jax.vmap(jax.value_and_grad(energy, 1, has_aux=True), (None, 0))(p, x)
            u, m = jnp.tanh(slope), masks(scores)
        else:
            (e, (kinetic, scores)), slope = jax.vmap(energy, (None, 0))(p, x), None
        centred = clipped(e)

        def loss(p):
            if not transport:
                return (centred * 2 * batched(p, x)).mean()
            log, along = jax.jvp(lambda y: batched(p, y), (x,), (u,))
            return (problem.transport * m * 2 * along + problem.reweighting * centred * 2 * log).mean()

        g = jax.grad(loss)(p)
        averages = jax.tree.map(lambda old, new: problem.keep * old + (1 - problem.keep) * new, averages, statistics(p, x))
        v = inverse(p, jax.tree.map(lambda a: a / (1 - problem.keep), averages), g)
        size = problem.rate**2 * sum((v[k] * g[k]).sum() for k in g)
        scale = jnp.minimum(1, jnp.sqrt(problem.normConstraint / size))
        updated = {k: p[k] - problem.rate * scale * v[k] for k in p}

        def move(carry, key):
            x, log = carry
            noise, choice = jax.random.split(key)
            y = x + width * jax.random.normal(noise, x.shape, dtype)
            new = 2 * batched(updated, y)
            accept = jnp.log(jax.random.uniform(choice, new.shape, dtype)) < new - log
            return (jnp.where(accept[:, None, None], y, x), jnp.where(accept, new, log)), accept.mean()

        (walked, _), accepted = jax.lax.scan(move, (x, 2 * batched(updated, x)), jax.random.split(key, problem.moves))
        return updated, walked, averages, e, slope, kinetic.mean(), accepted.mean()

    shapes = jax.eval_shape(statistics, problem.parameters, problem.x)
    zeros = jax.tree.map(lambda s: jnp.zeros(s.shape, dtype), shapes)
    seeds = iter(range(10**9))
    width = jnp.asarray(problem.width, dtype)
    return lambda: whole(problem.parameters, problem.x, zeros, width, jax.random.PRNGKey(next(seeds)))


def prepared(problem, how, part):
    if part in ("fr", "wfr", "check"):
        return step(problem, how, part != "fr")
    _, energy = energies(problem, how)
    f = energy if part == "energy" else jax.value_and_grad(energy, 1, has_aux=True)
    batched = jax.jit(jax.vmap(f, (None, 0)))
    return lambda: batched(problem.parameters, problem.x)


@functools.cache
def problem_of(path):
    return Problem(path)


def main():
    folder, how, runs = Path(sys.argv[1]), sys.argv[2], {}
    for line in sys.stdin:
        request = json.loads(line)
        name, part = request["task"].split(":")
        first = None
        if (name, part) not in runs:
            begin = now()
            runs[name, part] = prepared(problem_of(folder / name), how, part)
            result = jax.block_until_ready(runs[name, part]())
            first = 1000 * (now() - begin)
        times = []
        for _ in range(request["reps"]):
            begin = now()
            result = jax.block_until_ready(runs[name, part]())
            times.append(1000 * (now() - begin))
        told = {"first": first, "times": times, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
        if part == "check":
            updated, _, _, e, slope, _, _ = result
            flat = [v for k in problem_of(folder / name).parameters for v in np.ravel(updated[k]).tolist()]
            told |= {"energy": np.ravel(e).tolist(), "slope": np.ravel(slope).tolist(), "updated": flat}
        print(json.dumps(told), flush=True)


main()
