"""`./run bench image --peers MODEL PHOTO`: onestep beside other runtimes on the same weights.

Installs the peers (environment.py), converts the weights for those that do not read them
(export.py), runs all in turns, each run in a process of its own, and prints the table of
docs/performance.md. What is finished is kept: an interrupted run goes on where it stopped. Ends
with 1 where one of PyTorch, OpenVINO, ONNX Runtime and ncnn did not run.
"""

import argparse
import os
import pathlib
import sys

import contenders
import environment

HERE = pathlib.Path(__file__).resolve().parent


def size(text):
    width, _, height = text.partition("x")
    # The networks halve a picture six times.
    if not (width.isdigit() and height.isdigit()) or int(width) % 64 or int(height) % 64:
        raise argparse.ArgumentTypeError(f"WIDTHxHEIGHT in multiples of 64, not {text}")
    return int(width), int(height)


def from_two(text):
    if not text.isdigit() or int(text) < 2:
        raise argparse.ArgumentTypeError(f"a number from 2, not {text}")
    return int(text)


def ncnn_folder(text):
    folder = pathlib.Path(text)
    if not (folder / "ncnn" / "__init__.py").exists() or not list(folder.glob("ncnn/ncnn*.so")):
        raise argparse.ArgumentTypeError(f"{text}: no ncnn/__init__.py and ncnn/ncnn*.so in it")
    return folder


def parse(arguments):
    names = [contender.name for contender in contenders.OURS + contenders.PEERS]
    parser = argparse.ArgumentParser(
        prog="bench image --peers", description=__doc__.splitlines()[0]
    )
    parser.add_argument("program", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("model", type=pathlib.Path, help="a diffusers folder, float16 or float32")
    parser.add_argument("photo", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=from_two, default=3, help="of a run; the first apart")
    parser.add_argument("--size", type=size, default=(768, 576), help="the photograph is cut to it")
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--limit", type=int, default=1800, help="seconds of a run")
    parser.add_argument("--python", type=pathlib.Path, help="one that has the peers already")
    parser.add_argument(
        "--ncnn-without-avx512",
        type=ncnn_folder,
        metavar="FOLDER",
        help="with such a build's module",
    )
    parser.add_argument("--folder", type=pathlib.Path, help="of peers and results: build/peers")
    options = parser.parse_args(arguments)
    asked = options.only is not None and contenders.NCNN_WITHOUT_AVX512 in options.only
    if asked and options.ncnn_without_avx512 is None:
        parser.error(f"{contenders.NCNN_WITHOUT_AVX512} needs --ncnn-without-avx512")
    return options


def main():
    options = parse(sys.argv[1:])
    # build/release/benchmarks/image -> build/peers
    folder = options.folder or options.program.resolve().parents[2] / "peers"
    python = options.python or environment.install(folder / "environment")
    environment.continue_with(python, [str(HERE / "compare.py"), *sys.argv[1:]])

    import session
    import table

    work = session.Session(options, folder)
    chosen = contenders.chosen(options.only, options.ncnn_without_avx512)
    failures = work.prepare(chosen)
    for number in range(options.rounds):
        for contender in chosen:
            if contender.name not in failures:
                work.run(contender, number, failures)
    rows = table.summarise(chosen, work.finished(), work.maps)
    text = table.written(rows, work.settings, failures)
    print(text, end="")
    (work.folder / "table.md").write_text(text, encoding="utf-8")
    missing = table.not_run(rows) if options.only is None else []
    if missing:
        sys.exit(f"bench image --peers: did not run: {', '.join(missing)}")
    work.close(failures)


if __name__ == "__main__":
    main()
