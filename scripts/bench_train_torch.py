#!/usr/bin/env python3
"""Times one training step of GroundNLQ's finetune architecture in PyTorch, for `benches/train.rs`.

The network is that of `bench_groundnlq_torch.py`: batch 2, 900 steps, 12 tokens, two threads, clips
padded as far as their numbers need (960) and not to the reference's 2560. Losses as in training:
focal and distance-IoU on all points; then clipping and AdamW.
Needs: pip install torch numpy
"""

import os
import statistics
import time

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

import bench_groundnlq_torch as peer  # noqa: E402

BATCH, STEPS, TOKENS, RUNS = 2, 900, 12, 7
PADDED = 64 * (-(-STEPS // 64))


def focal(logits, targets):
    p = logits.sigmoid()
    entropy = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    p_t = p * targets + (1 - p) * (1 - targets)
    return (entropy * (1 - p_t) ** 2 * (0.25 * targets + 0.75 * (1 - targets))).sum()


def distance_iou(found, truth):
    (l, r), (lt, rt) = found.unbind(-1), truth.unbind(-1)
    both = torch.min(l, lt) + torch.min(r, rt)
    hull = torch.max(l, lt) + torch.max(r, rt)
    apart = 0.5 * (r - l - rt + lt)
    return (1 - both / (l + r + lt + rt - both).clamp(min=1e-8) + (apart / hull.clamp(min=1e-8)) ** 2).sum()


def step(network, optimiser, video, mask, text):
    x = video
    for conv, norm in zip(network.video, network.video_norms):
        x = norm(conv(x) * mask).relu()
    x = x + network.positions[:, :, :PADDED] * mask
    words = text
    for conv, norm in zip(network.text, network.text_norms):
        words = norm(conv(words)).relu()
    text_mask = torch.ones(BATCH, 1, words.shape[2])
    for block in network.text_stem:
        words, _ = block(words, text_mask)
    m = mask
    for block in network.stem:
        x, m = block(x, m, words)
    levels = [(x, m)]
    for block in network.branch:
        levels.append(block(*levels[-1]))
    logits, offsets, valid = [], [], []
    for norm, (x, m) in zip(network.neck, levels):
        x = norm(x)
        logits.append(network.cls(x, m).squeeze(1))
        offsets.append(network.reg(x, m).relu().transpose(1, 2))
        valid.append(m.squeeze(1) > 0)
    logits, offsets, valid = torch.cat(logits, 1), torch.cat(offsets, 1), torch.cat(valid, 1)
    targets = torch.full_like(logits[valid], 0.05)
    positive = offsets[valid][:20]
    loss = (focal(logits[valid], targets) + distance_iou(positive, torch.ones_like(positive))) / 200
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimiser.step()


def main():
    torch.set_num_threads(int(os.environ.get("RAYON_NUM_THREADS", "2")))
    torch.manual_seed(0)
    network = peer.Network().train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-5, weight_decay=0.05)
    video = F.pad(torch.randn(BATCH, 2304, STEPS), (0, PADDED - STEPS))
    mask = (torch.arange(PADDED) < STEPS).float().view(1, 1, -1).expand(BATCH, -1, -1)
    text = torch.randn(BATCH, 512, TOKENS)
    times = []
    for run in range(RUNS + 1):
        start = time.perf_counter()
        step(network, optimiser, video, mask, text)
        if run > 0:
            times.append(time.perf_counter() - start)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, batch {BATCH}, padded to {PADDED}")
    print(f"best {min(times) * 1e3:8.0f} ms  median {statistics.median(times) * 1e3:8.0f} ms")


if __name__ == "__main__":
    main()
