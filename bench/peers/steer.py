"""Sampling of `pushforward steer` in PyTorch (eager) and JAX: twisted SMC over continuations of a prompt from a Llama-like decoder, with a
cache of keys and values, or computing the prefix again at each step.

    python steer.py torch|jax FOLDER cache|prefix

Requests on stdin: {"task", "reps"}; the task is MODEL:PARTICLES:RULE, the rule below, never, always or greedy; the model is FOLDER/MODEL.json,
with weights in FOLDER/MODEL.npz or else random ones. Answers: {"first", "times" in ms, "peak" in MiB}, and for greedy "tokens", "logs"
(log p0) and "twists" (log psi)."""
import functools
import json
import os
import resource
import sys
import time
from pathlib import Path

import numpy as np

THREADS = int(os.environ.get("THREADS", "1"))
now = time.process_time if os.environ.get("CLOCK") == "cpu" else time.perf_counter


class Plan:
    """Sizes, prompt and weights of a model, and the number of steps."""

    def __init__(self, path):
        self.__dict__.update(json.loads(path.with_suffix(".json").read_text()))
        self.keyValueHeads = self.__dict__.get("keyValueHeads", self.heads)
        self.d = self.width // self.heads
        self.epsilon = self.__dict__.get("epsilon", 1e-5)
        stored = path.with_suffix(".npz")
        self.weights = self.read(np.load(stored)) if stored.exists() else self.draw(np.random.default_rng(0))
        self.total = len(self.prompt) + self.steps
        angles = np.arange(self.total)[:, None] * 10_000.0 ** (-np.arange(0, self.d, 2) / self.d)
        self.cos, self.sin = np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)

    @functools.cache
    def each(self, f):
        """The weights as arrays of a library, made once."""
        of = lambda a: f(a) if isinstance(a, np.ndarray) else {k: of(x) for k, x in a.items()} if isinstance(a, dict) else [of(x) for x in a]
        return of(self.weights)

    def read(self, stored):
        names = ("attention.query", "attention.key", "attention.value", "attention.out", "gate", "up", "down")
        block = lambda i: {n.split(".")[-1]: stored[f"blocks.{i}.{n}.w"] for n in names} | {
            "attention_norm": stored[f"blocks.{i}.attentionNorm.scale"],
            "norm": stored[f"blocks.{i}.norm.scale"],
        }
        table = stored["symbols.table"]
        return {
            "table": table,
            "head": np.ascontiguousarray(table.T) if self.__dict__.get("tied") else stored["head.w"],
            "norm": stored["norm.scale"],
            "blocks": [block(i) for i in range(self.depth)],
            "twist": [(stored[f"twist.{i}.w"], stored[f"twist.{i}.b"]) for i in range(3)],
        }

    def draw(self, rng):
        layer = lambda n, m: (rng.standard_normal((n, m)) / np.sqrt(n)).astype(np.float32)
        ones = np.ones(self.width, np.float32)
        width, narrow = self.width, self.d * self.keyValueHeads
        block = lambda: {
            **{"query": layer(width, width), "key": layer(width, narrow), "value": layer(width, narrow), "out": layer(width, width)},
            **{"gate": layer(width, self.hidden), "up": layer(width, self.hidden), "down": layer(self.hidden, width)},
            **{"attention_norm": ones, "norm": ones},
        }
        sizes = [width, width, width, self.vocabulary]
        return {
            "table": layer(self.vocabulary, width),
            "head": layer(width, self.vocabulary),
            "norm": ones,
            "blocks": [block() for _ in range(self.depth)],
            "twist": [(layer(n, m) * (0.5 if i == 2 else 1.4), np.zeros(m, np.float32)) for i, (n, m) in enumerate(zip(sizes, sizes[1:]))],
        }


def torch_run(plan, rows, rule, cached):
    import torch
    import torch.nn.functional as F

    torch.set_num_threads(THREADS)
    weights = plan.each(torch.from_numpy)
    cos, sin = torch.from_numpy(plan.cos), torch.from_numpy(plan.sin)
    prompt = torch.tensor(plan.prompt)
    start = len(prompt)

    def norm(x, scale):
        return F.rms_norm(x, (plan.width,), scale, plan.epsilon)

    def rotated(x, position):
        c, s = cos[position : position + x.shape[2]], sin[position : position + x.shape[2]]
        a, b = x[..., 0::2], x[..., 1::2]
        return torch.stack([a * c - b * s, a * s + b * c], -1).flatten(-2)

    def forward(tokens, position=0, cache=None):
        """Hidden state and logits behind the last of tokens [rows, n], which follow `position` tokens of the cache."""
        h = weights["table"][tokens]
        n = tokens.shape[1]
        split = lambda y: y.view(len(tokens), n, -1, plan.d).transpose(1, 2)
        for i, block in enumerate(weights["blocks"]):
            x = norm(h, block["attention_norm"])
            q, k, v = split(x @ block["query"]), split(x @ block["key"]), split(x @ block["value"])
            q, k = rotated(q, position), rotated(k, position)
            if cache is not None:
                keys, values = cache[i]
                keys[:, :, position : position + n] = k
                values[:, :, position : position + n] = v
                k, v = keys[:, :, : position + n], values[:, :, : position + n]
            y = F.scaled_dot_product_attention(q, k, v, is_causal=n > 1, enable_gqa=True)
            h = h + y.transpose(1, 2).reshape(len(tokens), n, -1) @ block["out"]
            x = norm(h, block["norm"])
            h = h + (F.silu(x @ block["gate"]) * (x @ block["up"])) @ block["down"]
        hidden = norm(h[:, -1], weights["norm"])
        return hidden, hidden @ weights["head"]

    def twist(h):
        (w0, b0), (w1, b1), (w2, b2) = weights["twist"]
        return torch.addmm(b2, torch.relu(torch.addmm(b1, torch.relu(torch.addmm(b0, h, w0)), w1)), w2)

    def prefill():
        shape = (plan.keyValueHeads, plan.total, plan.d)
        one = [(torch.zeros(1, *shape), torch.zeros(1, *shape)) for _ in range(plan.depth)]
        hidden, logits = forward(prompt[None], 0, one)
        cache = [tuple(x.repeat(rows, 1, 1, 1) for x in pair) for pair in one]
        return hidden.expand(rows, -1), logits.expand(rows, -1), cache

    @torch.inference_mode()
    def run():
        tokens = torch.cat([prompt.expand(rows, -1), torch.zeros(rows, plan.steps, dtype=torch.long)], 1)
        weight, previous, log_z = torch.zeros(rows), torch.zeros(rows), 0.0
        logs, twists = [], []
        if cached:
            hidden, logits, cache = prefill()
        for t in range(plan.steps):
            if not cached:
                hidden, logits = forward(tokens[:, : start + t])
            elif t > 0:
                hidden, logits = forward(tokens[:, start + t - 1 : start + t], start + t - 1, cache)
            model, psi = F.log_softmax(logits, -1), twist(hidden)
            proposal = F.log_softmax(model + psi, -1)
            token = proposal.argmax(-1, True) if rule == "greedy" else torch.multinomial(proposal.exp(), 1)
            log_model, log_psi, log_proposal = (x.gather(1, token)[:, 0] for x in (model, psi, proposal))
            tokens[:, start + t] = token[:, 0]
            weight = weight + log_model + log_psi - previous - log_proposal
            previous = log_psi
            logs.append(log_model[0])
            twists.append(log_psi[0])
            if rule in ("never", "greedy") or t + 1 == plan.steps:
                continue
            share = torch.softmax(weight, 0)
            if rule == "always" or 1 / (share**2).sum() < rows / 2:
                points = (torch.arange(rows) + torch.rand(1)) / rows
                ancestors = torch.searchsorted(share.cumsum(0), points).clamp_(max=rows - 1)
                log_z = log_z + torch.logsumexp(weight, 0) - np.log(rows)
                weight = torch.zeros(rows)
                tokens, previous = tokens[ancestors], previous[ancestors]
                if cached:
                    cache = [tuple(x[ancestors] for x in pair) for pair in cache]
        log_z = log_z + torch.logsumexp(weight, 0) - np.log(rows)
        return tokens[:, start:].numpy(), torch.stack(logs).numpy(), torch.stack(twists).numpy(), float(log_z)

    return run


def jax_run(plan, rows, rule, cached):
    import jax
    import jax.numpy as jnp

    start, total = len(plan.prompt), plan.total
    cos, sin = jnp.asarray(plan.cos), jnp.asarray(plan.sin)
    group = plan.heads // plan.keyValueHeads

    def norm(x, scale):
        return x * jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + plan.epsilon) * scale

    def rotated(x, position):
        """[rows, n, heads, d], of which the first token is at the position"""
        c, s = (jax.lax.dynamic_slice_in_dim(y, position, x.shape[1])[:, None] for y in (cos, sin))
        a, b = x[..., 0::2], x[..., 1::2]
        return jnp.stack([a * c - b * s, a * s + b * c], -1).reshape(x.shape)

    def attend(q, k, v, mask):
        q = q.reshape(*q.shape[:2], plan.keyValueHeads, group, plan.d)
        scores = jnp.einsum("rqhgd,rkhd->rhgqk", q, k) / np.sqrt(plan.d)
        y = jnp.einsum("rhgqk,rkhd->rqhgd", jax.nn.softmax(jnp.where(mask, scores, -1e9), -1), v)
        return y.reshape(*y.shape[:2], plan.width)

    def forward(weights, tokens, position, cache, mask):
        """Of all tokens [rows, n]: hidden states before the last norm; the cache [depth, 2, rows, total, heads, d] with them."""
        h = weights["table"][tokens]
        split = lambda y: y.reshape(*y.shape[:2], -1, plan.d)
        kept = []
        for i, block in enumerate(weights["blocks"]):
            x = norm(h, block["attention_norm"])
            q, k, v = (split(x @ block[name]) for name in ("query", "key", "value"))
            q, k = rotated(q, position), rotated(k, position)
            if cache is not None:
                k, v = (jax.lax.dynamic_update_slice_in_dim(old, new, position, 1) for old, new in zip(cache[i], (k, v)))
            kept.append((k, v))
            h = h + attend(q, k, v, mask) @ block["out"]
            x = norm(h, block["norm"])
            h = h + (jax.nn.silu(x @ block["gate"]) * (x @ block["up"])) @ block["down"]
        return h, kept

    def predicted(weights, h):
        hidden = norm(h, weights["norm"])
        x = hidden
        for i, (w, b) in enumerate(weights["twist"]):
            x = (jax.nn.relu(x) if i else x) @ w + b
        return jax.nn.log_softmax(hidden @ weights["head"]), x

    causal = jnp.tril(jnp.ones((total, total), bool))

    def select(carry, key):
        """Systematic resampling of all that a particle has."""
        moved, weight, log_z = carry
        points = (jnp.arange(rows) + jax.random.uniform(key)) / rows
        ancestors = jnp.searchsorted(jnp.cumsum(jax.nn.softmax(weight)), points).clip(max=rows - 1)
        moved = jax.tree.map(lambda x: x[ancestors], moved)
        return moved, jnp.zeros(rows), log_z + jax.nn.logsumexp(weight) - np.log(rows)

    @jax.jit
    def whole(weights, key):
        tokens = jnp.tile(jnp.asarray(plan.prompt + [0] * plan.steps), (rows, 1))
        cache = None
        if cached:  # the prompt but for its last token, in one row
            empty = jnp.zeros((1, total, plan.keyValueHeads, plan.d))
            _, one = forward(weights, tokens[:1, : start - 1], 0, [(empty, empty)] * plan.depth, causal[: start - 1])
            cache = jax.tree.map(lambda x: jnp.broadcast_to(x, (rows, *x.shape[1:])), one)

        def step(carry, at):
            (tokens, cache, previous), weight, log_z = carry
            t, key = at
            draw, choose = jax.random.split(key)
            last = start + t - 1
            if cached:
                given = jax.lax.dynamic_slice_in_dim(tokens, last, 1, 1)
                h, cache = forward(weights, given, last, cache, (jnp.arange(total) <= last)[None])
                h = h[:, 0]
            else:
                h, _ = forward(weights, tokens, 0, None, causal)
                h = jax.lax.dynamic_index_in_dim(h, last, 1, False)
            model, psi = predicted(weights, h)
            proposal = jax.nn.log_softmax(model + psi)
            token = jnp.argmax(proposal, -1) if rule == "greedy" else jax.random.categorical(draw, proposal)
            log_model, log_psi, log_proposal = (jnp.take_along_axis(x, token[:, None], 1)[:, 0] for x in (model, psi, proposal))
            tokens = jax.lax.dynamic_update_slice_in_dim(tokens, token[:, None], last + 1, 1)
            carry = (tokens, cache, log_psi), weight + log_model + log_psi - previous - log_proposal, log_z
            if rule not in ("never", "greedy"):
                size = 1 / (jax.nn.softmax(carry[1]) ** 2).sum()
                due = (t + 1 < plan.steps) & ((rule == "always") | (size < rows / 2))
                carry = jax.lax.cond(due, lambda c: select(c, choose), lambda c: c, carry)
            return carry, (log_model[0], log_psi[0])

        first = (tokens, cache, jnp.zeros(rows)), jnp.zeros(rows), jnp.zeros(())
        ((tokens, _, _), weight, log_z), told = jax.lax.scan(step, first, (jnp.arange(plan.steps), jax.random.split(key, plan.steps)))
        return tokens[:, start:], *told, log_z + jax.nn.logsumexp(weight) - np.log(rows)

    weights, rng = plan.each(jnp.asarray), np.random.default_rng(0)
    key = lambda: jax.random.PRNGKey(int(rng.integers(2**31)))
    compiled = whole.lower(weights, key()).compile()
    return lambda: [np.asarray(x) for x in compiled(weights, key())]


@functools.cache
def plan_of(path):
    return Plan(path)


def main():
    kind, folder, how = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    make, runs = {"torch": torch_run, "jax": jax_run}[kind], {}
    for line in sys.stdin:
        request = json.loads(line)
        name, first = request["task"], None
        if name not in runs:
            model, particles, rule = name.split(":")
            begin = now()
            runs[name] = make(plan_of(folder / model), int(particles), rule, how == "cache")
            first = 1000 * (now() - begin)
        times = []
        for _ in range(request["reps"]):
            begin = now()
            tokens, logs, twists, _ = runs[name]()
            times.append(1000 * (now() - begin))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        told = {"tokens": tokens[0].tolist(), "logs": logs.tolist(), "twists": twists.tolist()} if name.endswith("greedy") else {}
        print(json.dumps({"first": first, "times": times, "peak": peak, **told}), flush=True)


main()
