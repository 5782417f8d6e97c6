"""Seconds that the Python reference of IFBench needs to score 300 ready responses, strictly and loosely.

    python3 bench/python/score_ifbench.py IFBENCH EMOJI SYLLAPY DATA

IFBENCH, EMOJI and SYLLAPY are checkouts of allenai/IFBench, carpedm20/emoji and mholtzscher/syllapy, DATA the folder that
`spar eval --data` takes. Needs nltk, langdetect, immutabledict and absl (Debian: python3-nltk and so on). Debian's nltk comes
without models, so the sentence splitter, the tagger and the stop words get theirs from DATA; that changes nothing about the
work done. `Spar.Bench ifbench DATA` is the counterpart: the same responses, one thread, the sum of each response's best of several passes.
"""
import gzip
import itertools
import json
import os
import pickle
import sys
import tempfile
import time

import nltk
from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer

ifbench, emoji, syllapy, data = sys.argv[1:5]
sys.path[:0] = [ifbench, emoji, syllapy]
folder = os.path.join(data, "ifbench")
RESPONSES = 300
PASSES = 5


def models(root):
    """Writes the models where nltk looks for them, in the form that it reads."""
    stored = json.load(gzip.open(os.path.join(data, "ifeval", "punkt", "english.json.gz")))
    parameters = PunktParameters()
    parameters.abbrev_types = set(stored["abbrev_types"])
    parameters.collocations = {tuple(pair) for pair in stored["collocations"]}
    parameters.sent_starters = set(stored["sent_starters"])
    parameters.ortho_context.update(stored["ortho_context"])
    stored = json.load(gzip.open(os.path.join(folder, "resources", "tagger.json.gz")))
    classes = stored["classes"]
    weights = {
        feature: {classes[pairs[i]]: pairs[i + 1] / 1000 for i in range(0, len(pairs), 2)}
        for feature, pairs in stored["weights"].items()
    }
    stop_words = open(os.path.join(folder, "resources", "stopwords_english.txt"), "rb").read()
    tagger = "taggers/averaged_perceptron_tagger"
    files = {
        "tokenizers/punkt/PY3/english.pickle": pickle.dumps(PunktSentenceTokenizer(parameters)),
        f"{tagger}/averaged_perceptron_tagger.pickle": pickle.dumps((weights, stored["tagdict"], set(classes))),
        "corpora/stopwords/english": stop_words,
    }
    for name, content in files.items():
        os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
        open(os.path.join(root, name), "wb").write(content)
    for name in ["tokenizers/punkt_tab", "tokenizers/punkt/PY3_tab", f"{tagger}_eng"]:
        os.makedirs(os.path.join(root, name), exist_ok=True)


def load():
    prompts = {row["key"]: row for row in map(json.loads, open(os.path.join(folder, "prompts.jsonl")))}
    names = [os.path.join(folder, "responses", f"{name}.jsonl.gz") for name in ("sample_output", "sample_mutated")]
    rows = map(json.loads, itertools.chain(*(gzip.open(name, "rt") for name in names)))
    return [(prompts[row["key"]], row["response"]) for row in itertools.islice(rows, RESPONSES)]


root = tempfile.mkdtemp()
models(root)
nltk.data.path.insert(0, root)
import evaluation_lib  # noqa: E402  (needs the models)

inputs = [(evaluation_lib.InputExample(**prompt), response) for prompt, response in load()]
best = [float("inf")] * len(inputs)
for _ in range(PASSES):
    strict = loose = 0
    for i, (example, response) in enumerate(inputs):
        answers = {example.prompt: response}
        start = time.perf_counter()
        strictly = evaluation_lib.test_instruction_following_strict(example, answers)
        loosely = evaluation_lib.test_instruction_following_loose(example, answers)
        best[i] = min(best[i], time.perf_counter() - start)
        strict += sum(strictly.follow_instruction_list)
        loose += sum(loosely.follow_instruction_list)
print(f"ifbench: {len(inputs)} responses in {sum(best):.3f} s at best, followed strictly {strict}, loosely {loose}")
