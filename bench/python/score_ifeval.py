"""Seconds that the Python reference of IFEval needs to score ready responses, strictly and loosely.

    python3 bench/python/score_ifeval.py LM_EVALUATION_HARNESS DATA

LM_EVALUATION_HARNESS is a checkout of EleutherAI/lm-evaluation-harness (only lm_eval/tasks/ifeval is used), DATA the folder that `spar eval --data`
takes. Needs nltk and langdetect. Debian's nltk is older than the reference asks for and comes without models, so the sentence splitter gets its
parameters from DATA; that changes nothing about the work done. `Spar.Bench score-ifeval DATA` is the counterpart.
"""
import glob
import gzip
import importlib.metadata
import json
import os
import sys
import time
import types

import nltk
from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer

checkout, data = sys.argv[1:3]
folder = os.path.join(data, "ifeval")
sys.path.insert(0, checkout)


def splitter():
    stored = json.load(gzip.open(os.path.join(folder, "punkt", "english.json.gz")))
    parameters = PunktParameters()
    parameters.abbrev_types = set(stored["abbrev_types"])
    parameters.collocations = {tuple(pair) for pair in stored["collocations"]}
    parameters.sent_starters = set(stored["sent_starters"])
    parameters.ortho_context.update(stored["ortho_context"])
    return PunktSentenceTokenizer(parameters)


if "immutabledict" not in sys.modules:
    stand_in = types.ModuleType("immutabledict")
    stand_in.immutabledict = dict
    sys.modules["immutabledict"] = stand_in
version = importlib.metadata.version
importlib.metadata.version = lambda name: "3.9.1" if name == "nltk" else version(name)
nltk.data.find = lambda *_: None
english = splitter()
nltk.data.load = nltk.tokenize.load = lambda *_, **__: english
package = types.ModuleType("lm_eval")
package.__path__ = [os.path.join(checkout, "lm_eval")]
tasks = types.ModuleType("lm_eval.tasks")
tasks.__path__ = [os.path.join(checkout, "lm_eval", "tasks")]
sys.modules.update({"lm_eval": package, "lm_eval.tasks": tasks})
from lm_eval.tasks.ifeval import utils  # noqa: E402

prompts = {row["key"]: row for row in map(json.loads, open(os.path.join(folder, "prompts.jsonl")))}
for file in sorted(glob.glob(os.path.join(folder, "responses", "*.jsonl.gz"))):
    answers = [json.loads(line) for line in gzip.open(file, "rt")]
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        followed = 0
        for answer in answers:
            followed += utils.process_results(prompts[answer["key"]], [answer["response"]])["prompt_level_strict_acc"]
        best = min(best, time.perf_counter() - start)
    print(f"{os.path.basename(file)[:-9]}: {len(answers)} responses in {best:.2f} s (best of 3), prompts followed strictly {followed}", flush=True)
