"""What the table has to show: ratios of onestep to its peers, at most."""

import dataclasses

import contenders

# Of an fp32 peer that is compared with.
MOST_ERROR = 1e-3

GIB = 2**30


@dataclasses.dataclass
class Target:
    what: str
    must: float  # at most
    goal: float | None
    measured: float | None  # None: `reason` says why not
    reason: str = ""
    unit: str = ""

    def verdict(self):
        if self.measured is None:
            return f"not measured: {self.reason}"
        if self.goal is not None and self.measured <= self.goal:
            return "goal met"
        return "met" if self.measured <= self.must else "MISSED"


def fastest(rows, precision):
    """The peer of that precision, as accurate as it should be."""
    fit = [
        row
        for row in rows
        if row.contender.family != "onestep"
        and row.contender.precision == precision
        and row.contender.name != contenders.NCNN_WITHOUT_AVX512
        and (precision != "fp32" or accurate(row))
    ]
    return min(fit, key=lambda row: row.whole, default=None)


def accurate(row):
    return row.contender.name == contenders.REFERENCE or (
        row.rms is not None and row.rms <= MOST_ERROR
    )


def ratio(what, must, goal, our, their, value, reason="one of the two did not run"):
    """`our` over `their`: rows, of which either may be absent."""
    if our is None or their is None:
        return Target(what, must, goal, None, reason)
    what += f" ({our.contender.title} / {their.contender.title})"
    return Target(what, must, goal, value(our) / value(their))


def against_ncnn_in_avx2(named):
    if "avx512f" in contenders.processor_flags():
        our, their = named.get("onestep-avx2"), named.get(contenders.NCNN_WITHOUT_AVX512)
        reason = "needs --ncnn-without-avx512"
    else:
        our, their = named.get("onestep"), named.get("ncnn-fp32")
        reason = "one of the two did not run"
    what = "whole image in AVX2, against ncnn without AVX-512"
    return ratio(what, 0.80, 0.65, our, their, lambda row: row.whole, reason)


def targets(rows):
    named = {row.contender.name: row for row in rows}
    ours = named.get("onestep")
    yield Target("rms error of onestep", 5e-5, None, ours and ours.rms, "it did not run")
    yield ratio(
        "whole image, against the fastest fp32 peer",
        0.80,
        0.65,
        ours,
        fastest(rows, "fp32"),
        lambda row: row.whole,
    )
    yield ratio(
        "whole image in fp32, against the fastest bf16 peer",
        1.0,
        0.80,
        ours,
        fastest(rows, "bf16"),
        lambda row: row.whole,
    )
    yield against_ncnn_in_avx2(named)
    yield ratio(
        "loading and first image of a float32 checkpoint",
        0.45,
        0.37,
        named.get("onestep-f32"),
        named.get("pytorch-fp32-tuned"),
        lambda row: row.load + row.first,
    )
    for row, kind, must, goal in (
        (ours, "float16", 4.0, 3.0),
        (named.get("onestep-f32"), "float32", 6.5, 5.5),
    ):
        peak = row and row.peak / GIB
        yield Target(f"peak memory, {kind} checkpoint", must, goal, peak, "it did not run", " GiB")
    late = ours and ours.until_first - ours.whole
    what = "start to first image, less a later image"
    yield Target(what, 2.0, 1.0, late, "onestep did not run", " s")


def number(value, unit=""):
    if value is None:
        return "-"
    return (f"{value:.1e}" if value < 0.01 else f"{value:.2f}") + unit


def lines(rows):
    yield "| target | must be at most | goal | measured | |"
    yield "| --- | ---: | ---: | ---: | --- |"
    for target in targets(rows):
        cells = (target.must, target.goal)
        text = " | ".join(number(value, target.unit) for value in cells)
        measured = number(target.measured, target.unit)
        yield f"| {target.what} | {text} | {measured} | {target.verdict()} |"
