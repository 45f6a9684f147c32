"""Who runs, with which settings: the rows of the table.

ncnn picks its instruction set by CPUID and has no switch for it, neither an option of its networks
nor a variable: where a processor has AVX-512, only a build without it (docs/performance.md) can be
held to AVX2, and that row runs where such a build is given.
"""

import dataclasses
import pathlib

# glibc gives every large block back to the system when it is freed and takes fresh, zeroed pages
# for the next. These settings keep the pages, which is worth up to a third of PyTorch's time.
TUNED_ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "MALLOC_TOP_PAD_": "268435456",
}

NCNN_WITHOUT_AVX512 = "ncnn-fp32-avx2"


@dataclasses.dataclass(frozen=True)
class Contender:
    name: str
    title: str
    family: str  # "onestep", or what on_<family>.py is called
    precision: str = "fp32"
    options: tuple = ()  # of the program
    environment: dict = dataclasses.field(default_factory=dict)
    weights: str = "float32"  # which folder it reads: "given", "float32", or one of exports


OURS = (
    Contender("onestep", "onestep", "onestep", weights="given"),
    Contender(
        "onestep-avx2", "onestep, AVX2", "onestep", options=("--simd", "avx2"), weights="given"
    ),
    Contender("onestep-f32", "onestep, float32 checkpoint", "onestep"),
)

PEERS = (
    Contender("pytorch-fp32", "PyTorch fp32, as installed", "pytorch"),
    Contender(
        "pytorch-fp32-tuned",
        "PyTorch fp32, tuned allocator",
        "pytorch",
        environment=TUNED_ALLOCATOR,
    ),
    Contender(
        "pytorch-fp32-nhwc",
        "PyTorch fp32, tuned allocator, channels-last",
        "pytorch",
        options=("--channels-last",),
        environment=TUNED_ALLOCATOR,
    ),
    Contender(
        "pytorch-bf16",
        "PyTorch bf16, tuned allocator, channels-last",
        "pytorch",
        "bf16",
        options=("--channels-last",),
        environment=TUNED_ALLOCATOR,
        weights="given",
    ),
    Contender("openvino-fp32", "OpenVINO fp32", "openvino", weights="openvino"),
    Contender("openvino-bf16", "OpenVINO bf16", "openvino", "bf16", weights="openvino"),
    Contender("onnxruntime-fp32", "ONNX Runtime fp32", "onnxruntime", weights="onnx"),
    Contender("ncnn-fp32", "ncnn fp32", "ncnn", weights="ncnn"),
    Contender(NCNN_WITHOUT_AVX512, "ncnn fp32, built without AVX-512", "ncnn", weights="ncnn"),
)

# Of one photograph, in their order.
STAGES = ("encode", "denoise", "decode")

# Whose map the others are compared with.
REFERENCE = "pytorch-fp32"

REQUIRED = {
    "pytorch": "PyTorch",
    "openvino": "OpenVINO",
    "onnxruntime": "ONNX Runtime",
    "ncnn": "ncnn",
}


def from_cpuinfo(key):
    """Of the first processor; empty where it is not told."""
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith(key):
            return line.split(":", 1)[1].strip()
    return ""


def processor_flags():
    return set(from_cpuinfo("flags").split())


def fits(contender, flags, ncnn_without_avx512):
    """Whether this processor can run it as its row says."""
    if contender.precision == "bf16":
        return bool({"avx512_bf16", "amx_bf16"} & flags)
    if contender.name == "onestep-avx2":
        return "avx512f" in flags  # else that is what "onestep" runs
    if contender.name == NCNN_WITHOUT_AVX512:
        return "avx512f" in flags and ncnn_without_avx512 is not None
    return True


def chosen(names, ncnn_without_avx512):
    """In the order in which they run; `names`: those that are asked for, None: all."""
    flags = processor_flags()
    result = []
    for contender in OURS + PEERS:
        if not fits(contender, flags, ncnn_without_avx512):
            continue
        if contender.name == NCNN_WITHOUT_AVX512:
            # Found before the one that the environment has.
            first = {"PYTHONPATH": str(ncnn_without_avx512.resolve())}
            contender = dataclasses.replace(contender, environment=first)
        if names is None or contender.name in names:
            result.append(contender)
    return result
