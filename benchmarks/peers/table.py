"""Medians, errors, and the tables in Markdown."""

import dataclasses
import os
import statistics
import textwrap

import contenders
import numpy
import targets
from contenders import STAGES


@dataclasses.dataclass
class Row:
    """One contender: seconds and processor seconds of an image after the first, bytes."""

    contender: contenders.Contender
    version: str
    load: float
    stages: dict
    whole: float
    first: float
    until_first: float
    cpu: float
    peak: float
    rms: float | None = None
    greatest: float | None = None


def median_of_later(reports, key):
    """Per run over the images after the first, then over the runs."""
    return statistics.median(
        statistics.median(image[key] for image in report["images"][1:]) for report in reports
    )


def decoded_map(path):
    """The mean of the decoded channels, float64 [H,W]; None where it is not there."""
    return numpy.load(path)[0].astype(numpy.float64).mean(0) if path.exists() else None


def errors(found, reference):
    """rms and greatest difference in units of the reference's deviation."""
    if found is None or reference is None:
        return None, None
    difference = numpy.abs(found - reference) / reference.std()
    return float(numpy.sqrt((difference**2).mean())), float(difference.max())


def summarise(chosen, finished, maps):
    reference = decoded_map(maps / f"{contenders.REFERENCE}.npy")
    rows = []
    for contender in chosen:
        reports = finished.get(contender.name)
        if not reports:
            continue
        median = statistics.median
        row = Row(
            contender=contender,
            version=reports[0]["version"],
            load=median(report["load"] for report in reports),
            stages={stage: median_of_later(reports, stage) for stage in STAGES},
            whole=median_of_later(reports, "whole"),
            first=median(report["images"][0]["whole"] for report in reports),
            until_first=median(report["until_first_image"] for report in reports),
            cpu=median_of_later(reports, "cpu"),
            peak=max(report["peak"] for report in reports),
        )
        row.rms, row.greatest = errors(decoded_map(maps / f"{contender.name}.npy"), reference)
        rows.append(row)
    return rows


def not_run(rows):
    ran = {row.contender.family for row in rows}
    return [title for family, title in contenders.REQUIRED.items() if family not in ran]


def error_text(row, value):
    if row.contender.name == contenders.REFERENCE:
        return "reference"
    return "-" if value is None else f"{value:.1e}"


def measured_lines(rows):
    heads = ("load", *STAGES, "whole", "CPU-seconds", "first image", "start to first image")
    heads += ("peak GiB", "rms error", "max error")
    yield f"| seconds | {' | '.join(heads)} |"
    yield f"| --- |{' ---: |' * len(heads)}"
    for row in rows:
        seconds = [row.load, *row.stages.values(), row.whole, row.cpu, row.first, row.until_first]
        cells = [f"{value:.1f}" if value >= 0.095 else f"{value:.3f}" for value in seconds]
        cells[4] = f"**{cells[4]}**"
        cells += [f"{row.peak / targets.GIB:.2f}"]
        cells += [error_text(row, value) for value in (row.rms, row.greatest)]
        yield f"| {row.contender.title} | {' | '.join(cells)} |"


NOTES = """\
Seconds are medians of the images after a run's first. Every run reads its weights from a warm page
cache; PyTorch's fp32 runs and "float32 checkpoint" read a float32 copy of them. The prompt's
embedding is given to the peers; onestep's loading includes the text encoder. Loading a converted
model includes compiling it, not converting it. Tuned allocator: {allocator}. OpenVINO: performance
hint LATENCY, precision hint f32 or bf16. ONNX Runtime: all graph optimisations. ncnn: its defaults
(Winograd), one network in memory at a time. Peak memory is VmHWM, mapped files included. Errors:
the mean of the decoded channels against PyTorch fp32 as installed, in units of its deviation."""
COLUMNS = 120


def written(rows, settings, failures):
    width, height = settings["size"]
    machine = contenders.from_cpuinfo("model name") or os.uname().machine
    threads = f"{settings['threads']} thread" + ("" if settings["threads"] == 1 else "s")
    versions = ", ".join(dict.fromkeys(row.version for row in rows))
    head = f"{machine}, {threads}; {settings['model']}, {width}x{height} pixels. {versions}."
    allocator = ", ".join("=".join(item) for item in contenders.TUNED_ALLOCATOR.items())
    lines = [
        *textwrap.wrap(head, COLUMNS),
        "",
        *measured_lines(rows),
        "",
        *textwrap.wrap(NOTES.format(allocator=allocator), COLUMNS),
        "",
        *targets.lines(rows),
    ]
    for name, problem in failures.items():
        lines += ["", f"{name} did not run: {problem}"]
    return "\n".join(lines) + "\n"
