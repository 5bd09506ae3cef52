"""Ten steps of every optimizer of std/ on given gradients: PyTorch's own, and Lion by hand from algorithm 2 of Chen et al. 2023.

A tensor `weight` that decays and a tensor `bias` that decays as well, or in the cases that say so not. Computed in f64 from values that f32 holds.
Written: `before.NAME`, `gradient.NAME` [10, ...], and `CASE.NAME` [10, ...], the parameter after each step. `optimizers.test.ts` has the settings.
"""
import pathlib

import numpy as np
import torch

from tensors import to_disk

HERE = pathlib.Path(__file__).parent
STEPS = 10
SHAPES = {"weight": (3, 5), "bias": (7,)}


def given():
    rng = np.random.default_rng(11)
    rounded = lambda *shape: rng.standard_normal(shape).astype(np.float32).astype(np.float64)
    before = {name: rounded(*shape) for name, shape in SHAPES.items()}
    gradients = {name: rounded(STEPS, *shape) * 0.5 for name, shape in SHAPES.items()}
    gradients["weight"][:, 0, 0] = 0  # never a gradient: only decay may move it
    gradients["weight"][1:, 1, 1] = 0  # one gradient, and then what is remembered of it
    gradients["bias"][:, 2] *= 2.0**-12
    return before, gradients


def warmup(step):
    return 0.05 * min(1.0, step / 4)


def by_torch(lr, schedule):
    """The rate of each step as a schedule of PyTorch has it, whose steps count from 0 where ours count from 1."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    scheduler, rates = schedule(optimizer), [lr]
    for _ in range(STEPS):
        optimizer.step()
        scheduler.step()
        rates.append(scheduler.get_last_lr()[0])
    return lambda step: rates[step]


def torch_run(before, gradients, make, rate=None):
    parameters = {name: torch.tensor(value, requires_grad=True) for name, value in before.items()}
    optimizer = make(parameters["weight"], parameters["bias"])
    after = {name: [] for name in parameters}
    for step in range(1, STEPS + 1):
        for group in optimizer.param_groups:
            group["lr"] = rate(step) if rate else group["lr"]
        for name, parameter in parameters.items():
            parameter.grad = torch.tensor(gradients[name][step - 1])
        optimizer.step()
        for name, parameter in parameters.items():
            after[name].append(parameter.detach().numpy().copy())
    return {name: np.stack(values) for name, values in after.items()}


def lion_run(before, gradients, rate, beta1, beta2, decay):
    """Algorithm 2: update, weight decay, then the momentum. `decay` by name."""
    after = {}
    for name, value in before.items():
        theta, m, steps = value.copy(), np.zeros_like(value), []
        for step, g in enumerate(gradients[name], start=1):
            c = beta1 * m + (1 - beta1) * g
            theta = theta - rate(step) * (np.sign(c) + decay[name] * theta)
            m = beta2 * m + (1 - beta2) * g
            steps.append(theta.copy())
        after[name] = np.stack(steps)
    return after


def main():
    torch.set_num_threads(1)
    before, gradients = given()
    schedules = torch.optim.lr_scheduler
    cosine = by_torch(0.1, lambda optimizer: schedules.CosineAnnealingLR(optimizer, T_max=STEPS, eta_min=0.02))
    linear = by_torch(0.1, lambda optimizer: schedules.LinearLR(optimizer, start_factor=1.0, end_factor=0.0, total_iters=8))
    both = lambda make, **settings: lambda weight, bias: make([weight, bias], **settings)
    apart = lambda make, decay, **settings: lambda weight, bias: make([{"params": [weight], "weight_decay": decay}, {"params": [bias], "weight_decay": 0.0}], **settings)
    runs = {
        "sgd": torch_run(before, gradients, both(torch.optim.SGD, lr=0.1)),
        "sgd_momentum": torch_run(before, gradients, both(torch.optim.SGD, lr=0.1, momentum=0.9, weight_decay=0.01)),
        "sgd_cosine": torch_run(before, gradients, both(torch.optim.SGD, lr=0.1), cosine),
        "sgd_linear": torch_run(before, gradients, both(torch.optim.SGD, lr=0.1), linear),
        "adam": torch_run(before, gradients, both(torch.optim.Adam, lr=0.01, betas=(0.9, 0.98), eps=1e-9)),
        "adam_decay": torch_run(before, gradients, apart(torch.optim.Adam, 0.1, lr=0.01)),
        "adamw": torch_run(before, gradients, both(torch.optim.AdamW, lr=0.01, weight_decay=0.1)),
        "adamw_apart": torch_run(before, gradients, apart(torch.optim.AdamW, 0.2, lr=0.01, betas=(0.9, 0.95)), warmup),
        "lion": lion_run(before, gradients, lambda step: 0.01, 0.9, 0.99, {"weight": 0.0, "bias": 0.0}),
        "lion_apart": lion_run(before, gradients, warmup, 0.95, 0.98, {"weight": 0.3, "bias": 0.0}),
    }
    found = {f"before.{name}": value for name, value in before.items()}
    found.update({f"gradient.{name}": value for name, value in gradients.items()})
    found.update({f"{case}.{name}": value for case, after in runs.items() for name, value in after.items()})
    to_disk(HERE / "optimizers.safetensors", found)
    print(f"{len(found)} tensors; all finite: {all(np.isfinite(value).all() for value in found.values())}")


if __name__ == "__main__":
    main()
