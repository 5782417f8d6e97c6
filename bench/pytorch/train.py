"""Training steps of a Llama-style model in plain PyTorch (eager, AdamW): the counterpart of `Spar.Bench train-nano` and `train-135m`.

    python3 bench/pytorch/train.py nano|135m [threads]

Unset OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE first, so that OpenBLAS picks its kernels itself. Every line of standard input asks for a step: the case's number
from 0. Every answer is one line; the first steps of a case warm up.
"""
import math
import sys
import time
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F


@dataclass
class Shape:
    vocab: int
    hidden: int
    ffn: int
    layers: int
    heads: int
    kv_heads: int
    length: int
    rows: int
    pairs: int


SHAPES = {
    "nano": Shape(512, 128, 384, 4, 4, 4, length=192, rows=32, pairs=16),
    "135m": Shape(49152, 576, 1536, 30, 9, 3, length=512, rows=1, pairs=1),
}
PROMPT = 64


class Norm(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.weight


def rotate(x, cos, sin):
    a, b = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-b, a), dim=-1) * sin


class Layer(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.size = shape.hidden // shape.heads
        self.norm1, self.norm2 = Norm(shape.hidden), Norm(shape.hidden)
        self.q = nn.Linear(shape.hidden, shape.hidden, bias=False)
        self.k, self.v = (nn.Linear(shape.hidden, shape.kv_heads * self.size, bias=False) for _ in range(2))
        self.o = nn.Linear(shape.hidden, shape.hidden, bias=False)
        self.gate, self.up = (nn.Linear(shape.hidden, shape.ffn, bias=False) for _ in range(2))
        self.down = nn.Linear(shape.ffn, shape.hidden, bias=False)

    def forward(self, x, cos, sin, mask):
        batch, length, _ = x.shape
        y = self.norm1(x)
        q, k, v = (p(y).view(batch, length, -1, self.size).transpose(1, 2) for p in (self.q, self.k, self.v))
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        if self.shape.kv_heads != self.shape.heads:
            k, v = (part.repeat_interleave(self.shape.heads // self.shape.kv_heads, dim=1) for part in (k, v))
        weights = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(self.size) + mask, dim=-1)
        x = x + self.o((weights @ v).transpose(1, 2).reshape(batch, length, -1))
        y = self.norm2(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class Model(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.embed = nn.Embedding(shape.vocab, shape.hidden)
        nn.init.normal_(self.embed.weight, std=0.02)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = Norm(shape.hidden)
        size = shape.hidden // shape.heads
        angles = torch.outer(torch.arange(shape.length), 10000 ** (-torch.arange(0, size, 2) / size))
        self.cos, self.sin = torch.cat((angles, angles), -1).cos(), torch.cat((angles, angles), -1).sin()
        self.mask = torch.full((shape.length, shape.length), -math.inf).triu(1)

    def forward(self, ids):
        x = self.embed(ids)
        for layer in self.layers:
            x = layer(x, self.cos, self.sin, self.mask)
        return F.linear(self.norm(x), self.embed.weight)


def supervised(model, ids, first_target):
    labels = ids.clone()
    labels[:, :first_target] = -100
    logits = model(ids)
    return F.cross_entropy(logits[:, :-1].reshape(-1, logits.shape[-1]), labels[:, 1:].reshape(-1))


def preference(model, ids, first_target, beta=0.1, sft_weight=0.1):
    """Even rows are chosen, odd ones rejected; the reference's log-probabilities are known numbers."""
    logits = model(ids)
    tokens = torch.gather(torch.log_softmax(logits[:, :-1], -1), 2, ids[:, 1:, None])[..., 0][:, first_target - 1:]
    sums = tokens.sum(-1)
    margin = beta * (sums[0::2] - sums[1::2])
    return -F.logsigmoid(margin).mean() - sft_weight * tokens[0::2].mean()


def step(model, optimizer, ids, loss):
    """Tokens per second of one step."""
    start = time.perf_counter()
    optimizer.zero_grad()
    loss(model, ids).backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return ids.numel() / (time.perf_counter() - start)


if __name__ == "__main__":
    name = sys.argv[1]
    shape = SHAPES[name]
    torch.set_num_threads(int(sys.argv[2]) if len(sys.argv) > 2 else 2)
    torch.manual_seed(1)
    model = Model(shape)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.0)
    rows = torch.randint(0, shape.vocab, (shape.rows, shape.length))
    pairs = torch.randint(0, shape.vocab, (2 * shape.pairs, shape.length))
    cases = [
        ("SFT, loss on all tokens", rows, lambda m, ids: supervised(m, ids, 1)),
        ("SFT, loss on the response", rows, lambda m, ids: supervised(m, ids, PROMPT)),
        ("DPO", pairs, lambda m, ids: preference(m, ids, PROMPT)),
    ]
    for line in sys.stdin:
        case, ids, loss = cases[int(line)]
        print(f"{name + ': ' + case:40} {step(model, optimizer, ids, loss):12.2f} tokens/s", flush=True)
