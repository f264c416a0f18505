"""True size of the omnibus test's chi-square approximation, from the exact law: no simulation, a few seconds.

    python benchmarks/omnibus_sizes.py

Prints a Markdown table of (true size) / (nominal size), the worst of k = 2, 3, 5, 10, 20, 40, 60 images.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import optimize

from sitewatch.change._omnibus_laws import box_p_value, box_rho_q, box_rho_r, survival

IMAGES = (2, 3, 5, 10, 20, 40, 60)
NOMINAL = (0.05, 0.01, 0.001)


def true_size(statistic: int, looks: float, images: int, channels: int, nominal: float) -> float:
    """True size of the approximate test at that nominal one."""
    freedom = channels * ((images - 1) if statistic == 0 else 1)
    rho = (box_rho_q if statistic == 0 else box_rho_r)(looks, images)
    critical = optimize.brentq(lambda x: float(box_p_value(np.array(x), freedom, rho)) - nominal, 1e-6, 500)
    return math.exp(survival(statistic, looks, images, channels, critical)[0])


def main() -> None:
    print("| looks | channels | " + " | ".join(f"{name} at {a}" for name in ("Q", "R_j") for a in NOMINAL) + " |")
    print("|---|---|" + "---|" * 6)
    for looks in (1.0, 1.5, 2.0, 3.0, 4.4, 10.0, 20.0):
        for channels in (1, 2):
            cells = []
            for statistic in (0, 1):
                for nominal in NOMINAL:
                    ratios = [true_size(statistic, looks, k, channels, nominal) / nominal for k in IMAGES]
                    cells.append(f"{max(ratios, key=lambda r: abs(math.log(r))):.2f}")
            print(f"| {looks:g} | {channels} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
