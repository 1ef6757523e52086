"""What both peers of the benchmark of pictures share: parameters by name as a tree, sizes, and the loop that answers requests."""
import json
import os
import resource
import sys
import time

import numpy as np

RATE, DECAY, GROUPS, SCALE, HEADS = 1e-4, 0.999, 8, 1000.0, 1
now = time.process_time if os.environ.get("CLOCK") == "cpu" else time.perf_counter
DATA = ("x", "v", "time", "weight")


def tree(flat):
    """{"down.0.blocks.1.conv1.w": array} to {"down": [{"blocks": [.., {"conv1": {"w": array}}]}]}."""
    root = {}
    for path, value in flat.items():
        *parts, last = path.split(".")
        node = root
        for part in parts:
            node = node.setdefault(part, {})
        node[last] = value

    def lists(node):
        if not isinstance(node, dict):
            return node
        if all(key.isdigit() for key in node):
            return [lists(node[str(i)]) for i in range(len(node))]
        return {key: lists(child) for key, child in node.items()}

    return lists(root)


def load(size):
    """Parameters by name, and the batch."""
    data = np.load(os.path.join(sys.argv[1], size + ".npz"))
    return {n: data[n].copy() for n in data.files if n not in DATA}, [data[n].copy() for n in DATA]


def serve(make):
    """Requests: {"task": "SIZE:KIND" or "SIZE:KIND:check", "reps"}. make(size) gives a network with step(KIND) and check(KIND) -> (loss, norm of the
    gradient); each kind has one of its own, since steps change it."""
    made = {}
    for line in sys.stdin:
        request = json.loads(line)
        size, kind, *check = request["task"].split(":")
        if (size, kind) not in made:
            made[size, kind] = make(size)
        network = made[size, kind]
        answer = {"first": None, "times": [0]}
        if check:
            answer["found"] = network.check(kind)
        else:
            answer["times"] = []
            for _ in range(request["reps"]):
                begin = now()
                network.step(kind)
                answer["times"].append(1e3 * (now() - begin))
        answer["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(answer), flush=True)
