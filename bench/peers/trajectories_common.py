"""What both peers of the trajectory benchmark share: data, batches, and the loop that answers requests."""
import json
import resource
import sys
import time

import numpy as np

BATCH, WIDTH, LAYERS, RATE, CLIP, DECAY = 256, 128, 3, 1e-3, 1.0, 0.995


class Path:
    """Snapshots with optimal pairs of neighbours, from the file that the benchmark wrote."""

    def __init__(self, file):
        with open(file) as f:
            data = json.load(f)
        self.times = np.array(data["times"], np.float32)
        self.clouds = [np.array(c, np.float32) for c in data["clouds"]]
        self.pairs = [(np.array(p["from"]), np.array(p["to"])) for p in data["pairs"]]
        self.start, self.held = np.array(data["start"], np.float32), data["held"]
        self.rng = np.random.default_rng(0)

    def batch(self):
        t0, t1 = self.times[0], self.times[-1]
        u = (self.rng.random() + np.sqrt(2) * np.arange(BATCH)) % 1
        t = (t0 + (t1 - t0) * u).astype(np.float32)
        k = np.clip(np.searchsorted(self.times, t, side="right") - 1, 0, len(self.times) - 2)
        entry = self.rng.random(BATCH)
        a = np.empty((BATCH, self.clouds[0].shape[1]), np.float32)
        b = np.empty_like(a)
        for j in range(len(self.times) - 1):
            rows = np.nonzero(k == j)[0]
            src, dst = self.pairs[j]
            e = (entry[rows] * len(src)).astype(int)
            a[rows], b[rows] = self.clouds[j][src[e]], self.clouds[j + 1][dst[e]]
        gap = (self.times[k + 1] - self.times[k])[:, None]
        place = (t[:, None] - self.times[k][:, None]) / gap
        first = self.clouds[0][self.rng.integers(0, len(self.clouds[0]), BATCH)]
        last = self.clouds[-1][self.rng.integers(0, len(self.clouds[-1]), BATCH)]
        return t[:, None], place.astype(np.float32), gap.astype(np.float32), a, b, first, last


def serve(tasks):
    """Requests: {"task", "steps"} trains and answers the seconds; {"task", "predict"} answers the moved cloud."""
    path, running = Path(sys.argv[1]), {}
    for line in sys.stdin:
        request = json.loads(line)
        name = request["task"]
        if name not in running:
            running[name] = tasks[name](path)
        step, predict = running[name]
        if request.get("predict"):
            print(json.dumps({"cloud": np.asarray(predict()).tolist()}), flush=True)
            continue
        begin = time.perf_counter()
        for _ in range(request["steps"]):
            step()
        step.wait()
        seconds = time.perf_counter() - begin
        print(json.dumps({"seconds": seconds, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}), flush=True)
