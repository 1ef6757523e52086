"""Random edge coding as its authors do it: Polya urn and edge multiset as binary search trees with counts, rANS with 32-bit words.

Reads pairs of u32 from a file, prints one JSON line: seconds to encode and to decode, bits, whether the edges came back.
Differences from github.com/dsevero/Random-Edge-Coding: trees are mutable (theirs are rebuilt along the path), urns are Fenwick trees,
the orientation of loops is right.
"""
import json, sys, time
import numpy as np

L, WORD = 1 << 31, 32


class Ans:
    def __init__(self):
        self.head, self.stack = L, []

    def renormalize(self, a):
        while self.head >= a << WORD:
            self.stack.append(self.head & 0xFFFFFFFF)
            self.head >>= WORD
        while self.head < a:
            self.head = self.head << WORD | (self.stack.pop() if self.stack else 0)

    def push(self, start, freq, total):
        self.renormalize(freq * (L // total))
        self.head = self.head // freq * total + self.head % freq + start

    def pop(self, total, lookup):
        self.renormalize(L // total * total)
        slot = self.head % total
        start, freq, symbol = lookup(slot)
        self.head = self.head // total * freq + slot - start
        return symbol


class Urn:
    """Fenwick tree of counts."""

    def __init__(self, counts):
        self.n = len(counts)
        sums = np.concatenate([[0], np.cumsum(counts)])
        at = np.arange(1, self.n + 1)
        self.tree = [0] + (sums[at] - sums[at - (at & -at)]).tolist()
        self.counts = counts.tolist()
        self.total = int(sums[-1])
        self.top = 1 << (self.n.bit_length() - 1)

    def add(self, v, d):
        self.counts[v] += d
        self.total += d
        i = v + 1
        while i <= self.n:
            self.tree[i] += d
            i += i & -i

    def before(self, v):
        s = 0
        while v:
            s += self.tree[v]
            v &= v - 1
        return s

    def find(self, slot):
        i, step, rest = 0, self.top, slot
        while step:
            if i + step <= self.n and self.tree[i + step] <= rest:
                i += step
                rest -= self.tree[i]
            step >>= 1
        return slot - rest, self.counts[i], i


class Multiset:
    """Binary search tree; a node is [key, own count, count below, left, right]."""

    def __init__(self):
        self.root = None
        self.size = 0

    def insert(self, key):
        """Returns rank and multiplicity, the new copy included."""
        self.size += 1
        rank, node = 0, self.root
        if node is None:
            self.root = [key, 1, 1, None, None]
            return 0, 1
        while True:
            node[2] += 1
            if key == node[0]:
                node[1] += 1
                return rank + (node[3][2] if node[3] else 0), node[1]
            side = 3 if key < node[0] else 4
            if side == 4:
                rank += node[1] + (node[3][2] if node[3] else 0)
            if node[side] is None:
                node[side] = [key, 1, 1, None, None]
                return rank, 1
            node = node[side]

    def find(self, slot):
        rank, node = 0, self.root
        while True:
            left = node[3][2] if node[3] else 0
            if slot < rank + left:
                node = node[3]
            elif slot < rank + left + node[1]:
                return rank + left, node[1], node[0]
            else:
                rank += left + node[1]
                node = node[4]

    def remove(self, key):
        self.size -= 1
        node = self.root
        while True:
            node[2] -= 1
            if key == node[0]:
                node[1] -= 1
                return
            node = node[3] if key < node[0] else node[4]


def encode(pairs, n):
    state, edges = Ans(), Multiset()
    order = np.random.default_rng(0).permutation(len(pairs))  # balances the tree
    for a, b in pairs[order].tolist():
        edges.insert((a, b))
    urn = Urn(1 + np.bincount(pairs.ravel(), minlength=n))
    while edges.size:
        edge = state.pop(edges.size, edges.find)
        edges.remove(edge)
        a, b = edge
        if a != b and state.pop(2, lambda s: (s, 1, s)):
            a, b = b, a
        for v in (a, b):
            urn.add(v, -1)
            state.push(urn.before(v), urn.counts[v], urn.total)
    return state


def decode(state, n, m):
    edges, urn, out = Multiset(), Urn(np.ones(n, dtype=np.int64)), []
    for _ in range(m):
        b = state.pop(urn.total, urn.find)
        urn.add(b, 1)
        a = state.pop(urn.total, urn.find)
        urn.add(a, 1)
        if a != b:
            state.push(1 if a > b else 0, 1, 2)
        edge = (min(a, b), max(a, b))
        rank, count = edges.insert(edge)
        state.push(rank, count, edges.size)
        out.append(edge)
    return np.array(sorted(out))


path, n = sys.argv[1], int(sys.argv[2])
pairs = np.fromfile(path, dtype="<u4").reshape(-1, 2).astype(np.int64)
start = time.process_time()
state = encode(pairs, n)
middle = time.process_time()
bits = 32 * len(state.stack) + state.head.bit_length()
back = decode(state, n, len(pairs))
end = time.process_time()
same = bool(np.array_equal(back, pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]))
print(json.dumps({"encode": middle - start, "decode": end - middle, "bits": bits, "same": same}))
