"""SFT step of a Llama-style model at the nano shape in plain PyTorch (eager, AdamW), for comparison with `Spar.Bench train-nano`.

usage: train_nano.py [threads [steps]]
Unset OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE first, so that OpenBLAS picks its kernels itself.
"""
import math
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

VOCAB, HIDDEN, FFN, LAYERS, HEADS, LENGTH, ROWS, PROMPT = 512, 128, 384, 4, 4, 192, 32, 64


class Norm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(HIDDEN))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.weight


def rotate(x, cos, sin):
    a, b = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-b, a), dim=-1) * sin


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = Norm(), Norm()
        self.q, self.k, self.v, self.o = (nn.Linear(HIDDEN, HIDDEN, bias=False) for _ in range(4))
        self.gate, self.up = nn.Linear(HIDDEN, FFN, bias=False), nn.Linear(HIDDEN, FFN, bias=False)
        self.down = nn.Linear(FFN, HIDDEN, bias=False)

    def forward(self, x, cos, sin, mask):
        batch, length, _ = x.shape
        y = self.norm1(x)
        q, k, v = (p(y).view(batch, length, HEADS, -1).transpose(1, 2) for p in (self.q, self.k, self.v))
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        weights = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(q.shape[-1]) + mask, dim=-1)
        x = x + self.o((weights @ v).transpose(1, 2).reshape(batch, length, HIDDEN))
        y = self.norm2(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(VOCAB, HIDDEN)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.norm = Norm()
        angles = torch.outer(torch.arange(LENGTH), 10000 ** (-torch.arange(0, HIDDEN // HEADS, 2) / (HIDDEN // HEADS)))
        self.cos, self.sin = torch.cat((angles, angles), -1).cos(), torch.cat((angles, angles), -1).sin()
        self.mask = torch.full((LENGTH, LENGTH), -math.inf).triu(1)

    def forward(self, ids):
        x = self.embed(ids)
        for layer in self.layers:
            x = layer(x, self.cos, self.sin, self.mask)
        return F.linear(self.norm(x), self.embed.weight)


def report(name, model, optimizer, ids, first_target, steps):
    labels = ids.clone()
    labels[:, :first_target] = -100
    seconds = []
    for step in range(steps + 2):
        if step == 2:
            processor = time.process_time()
        start = time.perf_counter()
        optimizer.zero_grad()
        logits = model(ids)
        F.cross_entropy(logits[:, :-1].reshape(-1, VOCAB), labels[:, 1:].reshape(-1)).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        seconds.append(time.perf_counter() - start)
    processor = time.process_time() - processor
    seconds = sorted(seconds[2:])
    tokens = ids.numel()
    print(f"{name:32} best {tokens / seconds[0]:8.0f} tokens/s, median {tokens / seconds[steps // 2]:8.0f}, {steps * tokens / processor:.0f} a processor second")


if __name__ == "__main__":
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    steps = int(sys.argv[2]) if len(sys.argv) > 2 else 8
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    model = Model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.0)
    ids = torch.randint(0, VOCAB, (ROWS, LENGTH))
    print(torch.__version__, threads, "threads")
    report("SFT, loss on all tokens", model, optimizer, ids, 1, steps)
    report("SFT, loss on 2/3 of the tokens", model, optimizer, ids, PROMPT, steps)
