"""ONNX Runtime's CPU provider with all its graph optimisations, which are its default."""

import onnxruntime

VERSION = f"ONNX Runtime {onnxruntime.__version__}"
IN_TURN = False


class Runtime:
    def __init__(self, options):
        self.folder = options.weights
        self.settings = onnxruntime.SessionOptions()
        self.settings.intra_op_num_threads = options.threads

    def load(self, stage):
        path = str(self.folder / stage / "model.onnx")
        session = onnxruntime.InferenceSession(
            path, self.settings, providers=["CPUExecutionProvider"]
        )
        names = [entry.name for entry in session.get_inputs()]
        return lambda *arrays: session.run(None, dict(zip(names, arrays)))[0]
