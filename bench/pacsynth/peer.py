"""Runs pac-synth once and writes what it releases.

usage: peer.py INPUT.csv EPSILON DELTA LENGTH OUTDIR

Settings are those of its own "Anonymize Case Data" tool: long combinations first, balanced
fabrication, synthetic counts. Writes OUTDIR/aggregates.csv (combination, count), OUTDIR/synthetic.csv
and OUTDIR/run.json (seconds, peak memory).
"""
import csv, json, os, resource, sys, time

import pandas as pd
from pacsynth import (AccuracyMode, Dataset, DpAggregateSeededParametersBuilder,
                      DpAggregateSeededSynthesizer, FabricationMode)

source, epsilon, delta, length, out = sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
os.makedirs(out, exist_ok=True)
frame = pd.read_csv(source, dtype=str).fillna("")
start = time.time()
parameters = (DpAggregateSeededParametersBuilder()
              .reporting_length(length).epsilon(epsilon).delta(delta)
              .accuracy_mode(AccuracyMode.prioritize_long_combinations())
              .fabrication_mode(FabricationMode.balanced())
              .use_synthetic_counts(True).build())
synth = DpAggregateSeededSynthesizer(parameters)
synth.fit(Dataset.from_data_frame(frame))
aggregates = synth.get_dp_aggregates("\x1f")
raw = synth.sample()
frame = Dataset.raw_data_to_data_frame(raw)
seconds = time.time() - start
frame.to_csv(os.path.join(out, "synthetic.csv"), index=False)
with open(os.path.join(out, "aggregates.csv"), "w", newline="") as f:
    w = csv.writer(f)
    w.writerow(["combination", "count"])
    w.writerows(aggregates.items())
with open(os.path.join(out, "run.json"), "w") as f:
    json.dump({"seconds": seconds, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
               "rows": len(frame)}, f)
