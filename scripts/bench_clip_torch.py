"""Times CLIP's ViT-B/16 image tower in PyTorch, with random weights and two threads.

Needs `pip install torch`. Compare with `cargo bench --bench networks` in the same minutes.
"""

import time

import torch
from torch import nn
from torch.nn import functional as F

WIDTH, HEADS, LAYERS, PATCH, RUNS = 768, 12, 12, 16, 10


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.fc1, self.fc2 = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        batch, tokens, _ = x.shape
        qkv = self.qkv(self.norm1(x)).view(batch, tokens, 3, HEADS, WIDTH // HEADS)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(x.shape)
        x = x + self.out(mixed)
        inner = self.fc1(self.norm2(x))
        return x + self.fc2(inner * torch.sigmoid(1.702 * inner))


class Tower(nn.Module):
    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, WIDTH, PATCH, PATCH, bias=False)
        self.token = nn.Parameter(torch.randn(1, 1, WIDTH))
        self.positions = nn.Parameter(torch.randn(197, WIDTH))
        self.before, self.after = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.blocks = nn.Sequential(*[Block() for _ in range(LAYERS)])
        self.projection = nn.Linear(WIDTH, 512, bias=False)

    def forward(self, pictures):
        patches = self.patches(pictures).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.token.expand(len(pictures), 1, WIDTH), patches], 1)
        return self.projection(self.after(self.blocks(self.before(tokens + self.positions))))


def main():
    torch.set_num_threads(2)
    tower = Tower().eval()
    print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads, best of {RUNS}")
    with torch.inference_mode():
        for batch in (1, 4):
            pictures = torch.randn(batch, 3, 224, 224)
            tower(pictures)
            times = []
            for _ in range(RUNS):
                start = time.perf_counter()
                tower(pictures)
                times.append(time.perf_counter() - start)
            print(f"{min(times) * 1e3 / batch:9.1f} ms  a frame in batches of {batch}")


if __name__ == "__main__":
    main()
