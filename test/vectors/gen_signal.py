# Convolutions of two functions from scipy.signal (independent oracle). python3 gen_signal.py .
# Every shape in every mode, by the definition (method="direct") in float64; correlate also by the other method, which must agree.
import json, sys, numpy as np, scipy, scipy.signal as sg
out = sys.argv[1]; rng = np.random.default_rng(20240602)
L = lambda a: {"dims": list(a.shape), "data": [float(np.format_float_positional(np.float32(v), unique=True, trim='0')) for v in a.ravel()]}
shapes = [((1,), (1,)), ((5,), (1,)), ((1,), (4,)), ((7,), (3,)), ((7,), (4,)), ((3,), (8,)), ((4,), (7,)), ((6,), (6,)), ((23,), (10,)), ((60,), (37,)),
          ((1, 1), (1, 1)), ((5, 7), (3, 2)), ((5, 7), (2, 3)), ((4, 3), (4, 3)), ((3, 2), (6, 5)), ((7, 1), (4, 1)), ((1, 9), (1, 4)), ((5, 8), (7, 3)), ((11, 13), (6, 5)), ((2, 9), (9, 2))]
cases = []
for sf, sg_ in shapes:
    f, g = rng.standard_normal(sf).astype(np.float32), rng.standard_normal(sg_).astype(np.float32)
    a, b = f.astype(np.float64), g.astype(np.float64)
    case = {"f": L(f), "g": L(g), "convolve": {}, "correlate": {}}
    for mode in ["full", "same", "valid"]:
        if mode == "valid" and not (all(x >= y for x, y in zip(sf, sg_)) or all(x <= y for x, y in zip(sf, sg_))): continue
        case["convolve"][mode] = L(sg.convolve(a, b, mode=mode, method="direct"))
        direct, fft = (sg.correlate(a, b, mode=mode, method=m) for m in ["direct", "fft"])
        if not np.allclose(direct, fft): print("methods disagree:", sf, sg_, mode)
        case["correlate"][mode] = L(direct)
    cases.append(case)
json.dump({"source": f"scipy {scipy.__version__} signal.convolve/correlate (float64, rounded to float32)", "cases": cases}, open(out + "/signal.json", "w"))
print(len(cases))
