"""OpenVINO's CPU plugin on what export.py converted from the modules."""

import openvino

VERSION = f"OpenVINO {openvino.__version__.split('-', maxsplit=1)[0]}"
IN_TURN = False


class Runtime:
    def __init__(self, options):
        self.folder = options.weights
        self.core = openvino.Core()
        # The plugin takes bf16 by itself where a processor has it: both are asked for by name.
        self.settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": options.threads,
            "INFERENCE_PRECISION_HINT": {"fp32": "f32", "bf16": "bf16"}[options.precision],
        }

    def load(self, stage):
        model = self.core.read_model(self.folder / stage / "model.xml")
        request = self.core.compile_model(model, "CPU", self.settings).create_infer_request()

        def run(*arrays):
            request.infer(list(arrays))
            return request.get_output_tensor(0).data.copy()

        return run
