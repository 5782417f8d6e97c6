"""Generated tokens a second in plain PyTorch at the nano shape: the counterpart of `Spar.Bench generate-nano`.

Random weights, prompts of 60 tokens, 40 tokens each, sampled at temperature 1; keys and values are kept in preallocated tensors.
All streams of a batch start and end together, which flatters this script: nothing ever waits for a straggler.

    python3 bench/pytorch/generate_nano.py [threads]
"""

import sys
import time

import torch
import torch.nn.functional as F

VOCAB, HIDDEN, FFN, LAYERS, HEADS, HEAD_DIM = 1024, 128, 384, 4, 4, 32
PROMPT, OUTPUT = 60, 40


class Model:
    def __init__(self):
        def matrix(rows, columns):
            return torch.randn(rows, columns) * 0.02

        self.embedding = matrix(VOCAB, HIDDEN)
        self.norm = torch.ones(HIDDEN)
        self.layers = [
            {
                "qkv": matrix(3 * HIDDEN, HIDDEN),
                "out": matrix(HIDDEN, HIDDEN),
                "gate_up": matrix(2 * FFN, HIDDEN),
                "down": matrix(HIDDEN, FFN),
                "norm1": torch.ones(HIDDEN),
                "norm2": torch.ones(HIDDEN),
            }
            for _ in range(LAYERS)
        ]
        positions = torch.arange(PROMPT + OUTPUT, dtype=torch.float32)
        frequencies = 10000 ** (-torch.arange(0, HEAD_DIM, 2, dtype=torch.float32) / HEAD_DIM)
        angles = positions[:, None] * frequencies[None, :]
        self.cos, self.sin = angles.cos(), angles.sin()

    @staticmethod
    def rms_norm(x, weight):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * weight

    def rotate(self, x, start):
        # x: [batch, heads, length, head_dim]
        length = x.shape[2]
        cos, sin = self.cos[start:start + length], self.sin[start:start + length]
        a, b = x[..., :HEAD_DIM // 2], x[..., HEAD_DIM // 2:]
        return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)

    def step(self, ids, start, cache):
        """Logits of the last position; ids: [batch, length] at positions start, start + 1, ..."""
        batch, length = ids.shape
        end = start + length
        x = self.embedding[ids]
        mask = None
        if length > 1:
            mask = torch.full((length, end), float("-inf")).triu(start + 1)
        for layer, (keys, values) in zip(self.layers, cache):
            qkv = (self.rms_norm(x, layer["norm1"]) @ layer["qkv"].T).view(batch, length, 3, HEADS, HEAD_DIM).permute(2, 0, 3, 1, 4)
            q = self.rotate(qkv[0], start)
            keys[:, :, start:end] = self.rotate(qkv[1], start)
            values[:, :, start:end] = qkv[2]
            scores = q @ keys[:, :, :end].transpose(-1, -2) * HEAD_DIM ** -0.5
            if mask is not None:
                scores = scores + mask
            mixed = scores.softmax(-1) @ values[:, :, :end]
            x = x + mixed.transpose(1, 2).reshape(batch, length, HIDDEN) @ layer["out"].T
            gate, up = (self.rms_norm(x, layer["norm2"]) @ layer["gate_up"].T).split(FFN, dim=-1)
            x = x + (F.silu(gate) * up) @ layer["down"].T
        return self.rms_norm(x[:, -1], self.norm) @ self.embedding.T


def generate(model, batch):
    shape = (batch, HEADS, PROMPT + OUTPUT, HEAD_DIM)
    cache = [(torch.empty(shape), torch.empty(shape)) for _ in range(LAYERS)]
    ids = torch.randint(VOCAB, (batch, PROMPT))
    start = 0
    for _ in range(OUTPUT):
        logits = model.step(ids, start, cache)
        start += ids.shape[1]
        ids = torch.multinomial(logits.softmax(-1), 1)


@torch.no_grad()
def main():
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    model = Model()
    for batch in (1, 32):
        generate(model, batch)
        rounds, started = 0, time.perf_counter()
        while time.perf_counter() - started < 4:
            generate(model, batch)
            rounds += 1
        seconds = time.perf_counter() - started
        print(f"{f'generate nano, {batch} streams':40} {rounds * batch * OUTPUT / seconds:12.2f} tokens/s", flush=True)


if __name__ == "__main__":
    main()
