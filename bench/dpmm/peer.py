"""Runs one of dpmm's pipelines once and writes what it releases.

usage: peer.py INPUT.csv EPSILON DELTA METHOD OUTDIR

METHOD is aim or mst; the model may take 80 MB and measures marginals of up to 3 columns (MST: 2). The domain is
the set of values of the file, as for every engine in this comparison. Writes OUTDIR/synthetic.csv and
OUTDIR/run.json (wall and processor seconds, peak memory).
"""
import json, os, resource, sys, time

import pandas as pd
from dpmm.pipelines import AIMPipeline, MSTPipeline

source, epsilon, delta, method, out = sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), sys.argv[4], sys.argv[5]
os.makedirs(out, exist_ok=True)
frame = pd.read_csv(source, dtype=str).fillna("").replace("", "NA")
domain = {c: {"categories": sorted(set(frame[c]))} for c in frame}
frame = frame.astype("category")
start, cpu = time.time(), time.process_time()
if method == "aim":
    model = AIMPipeline(epsilon=epsilon, delta=delta, proc_epsilon=None, compress=True,
                        max_model_size=80, gen_kwargs={"degree": 3})
else:
    model = MSTPipeline(epsilon=epsilon, delta=delta, proc_epsilon=None, compress=True)
model.fit(frame, domain)
result = model.generate(n_records=len(frame))
seconds, cpu = time.time() - start, time.process_time() - cpu
result.astype(str).replace("NA", "").to_csv(os.path.join(out, "synthetic.csv"), index=False)
with open(os.path.join(out, "run.json"), "w") as f:
    json.dump({"seconds": seconds, "cpu_seconds": cpu,
               "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "rows": len(result)}, f)
