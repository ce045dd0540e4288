#!/usr/bin/env python3
"""Times GroundNLQ's finetune architecture in PyTorch, for `benches/groundnlq.rs` to be compared with.

Plain modules written from the architecture's description: arch [2, 4, 4, 0, 6], width 384, a clip of
900 steps padded to 2560 as the reference does, a 12-token question, two threads, no gradients.
Needs: pip install torch numpy
"""

import os
import statistics
import time

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

WIDTH, HEADS, RADIUS, STEPS, PADDED, TOKENS, RUNS = 384, 4, 4, 900, 2560, 12, 7


class Norm(nn.Module):
    """Layer norm over the channels of [batch, channels, time]."""

    def __init__(self, width=WIDTH):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1, width, 1))
        self.bias = nn.Parameter(torch.zeros(1, width, 1))

    def forward(self, x):
        centred = x - x.mean(1, keepdim=True)
        return centred / (centred.square().mean(1, keepdim=True) + 1e-5).sqrt() * self.weight + self.bias


def heads(x):
    batch, width, length = x.shape
    return x.view(batch, HEADS, width // HEADS, length).transpose(2, 3)


def joined(x):
    batch, _, length, _ = x.shape
    return x.transpose(2, 3).reshape(batch, WIDTH, length)


def band(q, k, v, mask):
    """Each position sees RADIUS neighbours to both sides, by strided windows."""
    size = 2 * RADIUS + 1
    around = lambda x: F.pad(x, (0, 0, RADIUS, RADIUS)).unfold(2, size, 1)
    scores = torch.einsum("bhtd,bhtdw->bhtw", q, around(k))
    visible = F.pad(mask, (RADIUS, RADIUS)).unfold(2, size, 1).unsqueeze(1).squeeze(2)
    scores = scores.masked_fill(visible == 0, -1e4)
    return torch.einsum("bhtw,bhtdw->bhtd", scores.softmax(-1), around(v))


class SelfAttention(nn.Module):
    def __init__(self, stride, local):
        super().__init__()
        self.stride, self.local = stride, local
        self.convs = nn.ModuleList(
            nn.Conv1d(WIDTH, WIDTH, 3, stride, 1, groups=WIDTH, bias=False) for _ in range(3)
        )
        self.norms = nn.ModuleList(Norm() for _ in range(3))
        self.points = nn.ModuleList(nn.Conv1d(WIDTH, WIDTH, 1) for _ in range(3))
        self.proj = nn.Conv1d(WIDTH, WIDTH, 1)

    def forward(self, x, mask):
        mask = mask[:, :, :: self.stride]
        parts = zip(self.convs, self.norms, self.points)
        q, k, v = (heads(point(norm(conv(x) * mask))) for conv, norm, point in parts)
        q = q / (WIDTH // HEADS) ** 0.5
        if self.local:
            y = band(q, k, v, mask)
        else:
            y = (q @ k.transpose(2, 3)).masked_fill(mask.unsqueeze(1) == 0, -torch.inf).softmax(-1) @ v
        return self.proj(joined(y)) * mask, mask


class Cross(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.proj = (nn.Conv1d(WIDTH, WIDTH, 1) for _ in range(4))

    def forward(self, x, text, mask):
        q = heads(self.q(x)) / (WIDTH // HEADS) ** 0.5
        y = (q @ heads(self.k(text)).transpose(2, 3)).softmax(-1) @ heads(self.v(text))
        return self.proj(joined(y)) * mask


class Block(nn.Module):
    def __init__(self, stride=1, local=True, cross=False):
        super().__init__()
        self.stride = stride
        self.ln1, self.ln2, self.ln3 = Norm(), Norm(), Norm()
        self.attn = SelfAttention(stride, local)
        self.cross = Cross() if cross else None
        self.mlp = nn.Sequential(nn.Conv1d(WIDTH, 4 * WIDTH, 1), nn.GELU(), nn.Conv1d(4 * WIDTH, WIDTH, 1))
        self.scale_attn = nn.Parameter(torch.full((1, WIDTH, 1), 0.5))
        self.scale_mlp = nn.Parameter(torch.full((1, WIDTH, 1), 0.5))

    def forward(self, x, mask, text=None):
        y, out_mask = self.attn(self.ln1(x), mask)
        skip = x if self.stride == 1 else F.max_pool1d(x, 3, 2, 1)
        x = skip * out_mask + self.scale_attn * y
        if self.cross is not None:
            y = self.cross(self.ln3(x), self.ln3(text), out_mask)
            x = x * out_mask + self.scale_attn * y
        return x + self.scale_mlp * (self.mlp(self.ln2(x)) * out_mask), out_mask


class Head(nn.Module):
    def __init__(self, outputs):
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv1d(WIDTH, WIDTH, 3, padding=1, bias=False) for _ in range(2))
        self.norms = nn.ModuleList(Norm() for _ in range(2))
        self.last = nn.Conv1d(WIDTH, outputs, 3, padding=1)

    def forward(self, x, mask):
        for conv, norm in zip(self.convs, self.norms):
            x = norm(conv(x) * mask).relu()
        return self.last(x) * mask


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        conv = lambda inputs, kernel: nn.Conv1d(inputs, WIDTH, kernel, padding=kernel // 2, bias=False)
        self.video = nn.ModuleList([conv(2304, 3), conv(WIDTH, 3)])
        self.text = nn.ModuleList([conv(512, 1), conv(WIDTH, 1)])
        self.video_norms = nn.ModuleList(Norm() for _ in range(2))
        self.text_norms = nn.ModuleList(Norm() for _ in range(2))
        self.positions = nn.Parameter(torch.randn(1, WIDTH, PADDED))
        self.text_stem = nn.ModuleList(Block(local=False) for _ in range(4))
        self.stem = nn.ModuleList(Block(cross=True) for _ in range(4))
        self.branch = nn.ModuleList(Block(stride=2) for _ in range(6))
        self.neck = nn.ModuleList(Norm() for _ in range(7))
        self.cls, self.reg = Head(1), Head(2)

    def forward(self, video, mask, text):
        for conv, norm in zip(self.video, self.video_norms):
            video = norm(conv(video) * mask).relu()
        video = video + self.positions * mask
        for conv, norm in zip(self.text, self.text_norms):
            text = norm(conv(text)).relu()
        text_mask = torch.ones(1, 1, text.shape[2])
        for block in self.text_stem:
            text, _ = block(text, text_mask)
        for block in self.stem:
            video, mask = block(video, mask, text)
        levels = [(video, mask)]
        for block in self.branch:
            levels.append(block(*levels[-1]))
        levels = [(norm(x), mask) for norm, (x, mask) in zip(self.neck, levels)]
        return [(self.cls(x, mask).sigmoid(), self.reg(x, mask).relu()) for x, mask in levels]


def main():
    torch.set_num_threads(int(os.environ.get("RAYON_NUM_THREADS", "2")))
    torch.manual_seed(0)
    network = Network().eval()
    video = F.pad(torch.randn(1, 2304, STEPS), (0, PADDED - STEPS))
    mask = (torch.arange(PADDED) < STEPS).float().view(1, 1, -1)
    text = torch.randn(1, 512, TOKENS)
    times = []
    with torch.inference_mode():
        for run in range(RUNS + 1):
            start = time.perf_counter()
            network(video, mask, text)
            if run > 0:
                times.append(time.perf_counter() - start)
    best, median = min(times), statistics.median(times)
    threads = torch.get_num_threads()
    print(f"torch {torch.__version__}, {threads} threads, padded to {PADDED}, best and median of {RUNS}")
    print(f"{best * 1e3:8.1f} ms  {median * 1e3:8.1f} ms  {85.0 / best:6.0f} GFLOP/s  every question")


if __name__ == "__main__":
    main()
