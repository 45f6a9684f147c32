"""ncnn with its default options (Winograd, packed layouts) on what pnnx converted.

Its transformed filters are several times as large as the weights, so one network is in memory at a
time: that costs it nothing here, as loading is not part of a stage's seconds.
"""

import ncnn
import numpy

VERSION = f"ncnn {ncnn.__version__}"
IN_TURN = True


class Runtime:
    def __init__(self, options):
        self.folder = options.weights
        self.threads = options.threads

    def load(self, stage):
        net = ncnn.Net()
        net.opt.num_threads = self.threads
        for read, name in ((net.load_param, "model.param"), (net.load_model, "model.bin")):
            path = self.folder / stage / name
            if read(str(path)) != 0:
                raise OSError(f"{path}: ncnn does not read it")

        def run(*arrays):
            extractor = net.create_extractor()
            # Without the dimension of the batch. A Mat of an array does not own its numbers.
            for number, array in enumerate(arrays):
                extractor.input(f"in{number}", ncnn.Mat(array[0]).clone())
            status, result = extractor.extract("out0")
            if status != 0:
                raise RuntimeError(f"ncnn's extractor returned {status} in {stage}")
            return numpy.array(result)[None]

        return run
