#!/usr/bin/env python3
"""Renders the templates of this folder with jinja2 and writes what came out to Goldens/.

The environment is the one in which Transformers renders chat templates: an immutable sandbox with trim_blocks and
lstrip_blocks, loop controls, a block `generation`, a `tojson` that escapes nothing, `raise_exception` and `strftime_now`
(here of a fixed date). A text of null means that jinja2 ends with a fault.

Needs python3 with jinja2 3.1 (Debian: python3-jinja2):
    python3 make_goldens.py
"""
import copy
import datetime
import glob
import json
import os
import random
import warnings

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from construct_templates import CONSTRUCTS

warnings.simplefilter("ignore")

HERE = os.path.dirname(os.path.abspath(__file__))
DATE = datetime.datetime(2024, 7, 26)
TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}


class Generation(Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_render"), [], [], body).set_lineno(line)

    def _render(self, caller):
        return caller()


def environment():
    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda form: DATE.strftime(form)
    return env


ENV = environment()


def render(template, variables):
    try:
        text = ENV.from_string(template).render(**copy.deepcopy(variables))  # some filters change lists in place
        text.encode("utf-8")
        return text
    except Exception:  # whatever it is, it is no text
        return None


def say(*turns):
    return [{"role": role, "content": content} for role, content in turns]


WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Says what the weather is <now> & \"here\".",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "A city, such as Zürich."},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "default": "celsius"},
                "days": {"type": "integer", "default": 3},
                "exact": {"type": ["boolean", "null"]},
            },
            "required": ["city"],
        },
    },
}
SUM = {
    "type": "function",
    "function": {
        "name": "add_numbers",
        "description": "Adds.",
        "parameters": {
            "type": "object",
            "properties": {"values": {"type": "array", "items": {"type": "number"}}, "scale": {"type": "number", "default": 1.5}},
            "required": ["values"],
        },
    },
}


def call(name, arguments, identity="abcdefghi"):
    return {"id": identity, "type": "function", "function": {"name": name, "arguments": arguments}}


CONVERSATIONS = {
    "one_question": {"messages": say(("user", "What is 2 + 2?")), "add_generation_prompt": True},
    "one_answer": {"messages": say(("user", "What is 2 + 2?"), ("assistant", "4")), "add_generation_prompt": False},
    "system_and_turns": {
        "messages": say(("system", "Be brief."), ("user", "Hi"), ("assistant", "Hello."), ("user", "More?")),
        "add_generation_prompt": True,
    },
    "white_space_and_scripts": {
        "messages": say(
            ("system", "  Detailed thinking off \n"),
            ("user", "\n Grüße, 世界 😀 \"quoted\" <b>&amp;</b> \t"),
            ("assistant", "  línea\n\nzwei\u2028drei  "),
            ("user", "İstanbul ß \u00a0"),
        ),
        "add_generation_prompt": True,
    },
    "thoughts": {
        "messages": say(
            ("user", "Why?"),
            ("assistant", "<think>\nBecause of this.\n</think>\n\nBecause."),
            ("user", "Again /think"),
            ("assistant", "<think>\nHm.\n</think>\n\nSo be it. <answer> yes </answer>"),
        ),
        "add_generation_prompt": False,
        "thinking": True,
    },
    "thinking_off": {
        "messages": say(("system", "You are terse. /no_think"), ("user", "Go on")),
        "add_generation_prompt": True,
        "enable_thinking": False,
        "thinking_budget": 600,
        "reasoning_effort": "high",
    },
    "reasoning_apart": {
        "messages": [
            {"role": "user", "content": "Why?"},
            {"role": "assistant", "content": "So.", "reasoning_content": "\nIt is so.\n"},
        ],
        "add_generation_prompt": False,
        "enable_thinking": True,
    },
    "tools_offered": {
        "messages": say(("system", "Use tools."), ("user", "How is it in Zürich?")),
        "tools": [WEATHER, SUM],
        "add_generation_prompt": True,
    },
    "tools_used": {
        "messages": [
            {"role": "user", "content": "How warm is it, and what is 1 + 2.5?"},
            {"role": "assistant", "content": "", "tool_calls": [call("get_weather", {"city": "Zürich", "days": 1})]},
            {"role": "tool", "name": "get_weather", "tool_call_id": "abcdefghi", "content": "{\"celsius\": 21.5}"},
            {"role": "assistant", "content": "Warm. And:",
             "tool_calls": [call("add_numbers", {"values": [1, 2.5], "exact": None, "deep": {"a": [True, "ü"]}}, "jklmnopqr")]},
            {"role": "tool", "name": "add_numbers", "tool_call_id": "jklmnopqr", "content": "3.5"},
            {"role": "assistant", "content": "21.5 degrees, and 3.5."},
        ],
        "tools": [WEATHER, SUM],
        "add_generation_prompt": False,
    },
    "two_calls_at_once": {
        "messages": [
            {"role": "system", "content": "Act."},
            {"role": "user", "content": "Both!"},
            {"role": "assistant", "content": None,
             "tool_calls": [call("get_weather", {"city": "Ulm"}), call("add_numbers", {"values": []}, "jklmnopqr")]},
            {"role": "tool", "tool_call_id": "abcdefghi", "content": "cold"},
            {"role": "tool", "tool_call_id": "jklmnopqr", "content": "0"},
        ],
        "tools": [WEATHER, SUM],
        "add_generation_prompt": True,
    },
    "content_in_parts": {
        "messages": [
            {"role": "system", "content": [{"type": "text", "text": "Look."}]},
            {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": " What is this? "}]},
        ],
        "add_generation_prompt": True,
    },
    "documents": {
        "messages": say(("user", "What do they say?")),
        "documents": [{"title": "One", "text": "First line.\nSecond line."}, {"title": "Two", "text": ""}],
        "controls": {"length": "short", "citations": True},
        "add_generation_prompt": True,
    },
    "empty_contents": {
        "messages": say(("system", ""), ("user", ""), ("assistant", ""), ("user", "?")),
        "add_generation_prompt": False,
    },
    "wrong_order": {"messages": say(("assistant", "I begin."), ("assistant", "I go on.")), "add_generation_prompt": True},
    "no_messages": {"messages": [], "add_generation_prompt": True},
}


def variables(conversation):
    return {**TOKENS, "tools": None, "documents": None, **conversation}


# A small grammar of templates: the same seed gives the same templates.
class Fuzz:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def pick(self, *options):
        return self.random.choice(options)

    def atom(self):
        return self.pick(
            "1", "0", "-3", "7", "2.5", "true", "false", "none", "'a'", "'B c'", "' x '", "''", "'été'", "[]", "[1, 2, 3]",
            "['b', 'A', 'a']", "(1, 'x')", "{'k': 1, 'j': [2]}", "{}", "missing", "messages", "messages[0]", "messages[0].role",
            "messages[-1]['content']", "tools", "x", "y", "range(3)", "messages|length", "'a,b,,c'", "'%s'", "1e3", "'12'")

    def expression(self, depth):
        if depth == 0:
            return self.atom()
        e = lambda: self.expression(depth - 1)
        kind = self.random.randrange(14)
        if kind < 2:
            return self.atom()
        if kind == 2:
            return f"({e()} {self.pick('+', '-', '*', '/', '//', '%', '~', '**', '~', '+')} {e()})"
        if kind == 3:
            return f"({e()} {self.pick('==', '!=', '<', '<=', '>', '>=', 'in', 'not in')} {e()})"
        if kind == 4:
            return f"({e()} {self.pick('and', 'or')} {e()})"
        if kind == 5:
            return f"(not {e()})"
        if kind == 6:
            return f"({e()} if {e()} else {e()})"
        if kind == 7:
            if self.pick(True, False):
                return f"({e()})[{self.pick('0', '-1', '1', chr(39) + 'k' + chr(39), '5')}]"
            value = self.pick("messages", "messages[0].role", "'abc'", "[1, 2, 3]", "(1, 'x')", "range(4)", "'été'")
            return f"{value}[{self.pick('1:', ':-1', '::-1', '::2', '1:2', '-2:', ':0', '3:0:-2')}]"
        if kind == 8:
            test = self.pick("defined", "undefined", "none", "string", "number", "mapping", "iterable", "sequence", "boolean", "integer",
                             "float", "true", "false", "odd", "even", "lower", "upper", "in [1, 'a']", "equalto 1", "divisibleby 2",
                             "callable", "eq 'a'", "gt 1", "lessthan 3")
            return f"({e()} is {self.pick('', 'not ')}{test})"
        if kind == 9:
            method = self.pick("upper()", "strip()", "split()", "split(',')", "split(',', 1)", "title()", "capitalize()", "replace('a', 'bb')",
                               "startswith('a')", "startswith(('a', 'B'))", "endswith('c')", "find('a')", "count('a')", "rstrip('c ')",
                               "join(['p', 'q'])", "items()", "keys()", "values()", "get('k')", "get('z', 9)", "index(1)", "isdigit()",
                               "center(9, '*')", "zfill(4)", "splitlines()", "partition(',')", "rsplit(',', 1)", "format(1, 2)",
                               "islower()", "lstrip()", "swapcase()", "append(1)", "removeprefix('a')", "k", "role")
            return f"({e()}).{method}"
        filters = ["upper", "lower", "trim", "length", "first", "last", "list", "join", "join('-')", "string", "int", "float", "abs", "round",
                   "round(1)", "tojson", "tojson(indent=1)", "default('d')", "default('d', true)", "reverse", "reverse|list", "sort",
                   "sort(reverse=true)", "unique|list", "sum", "min", "max", "title", "capitalize", "replace('a', 'z')", "indent",
                   "indent(2, true)", "items|list", "dictsort", "map('string')|list", "map('upper')|join(',')", "select|list",
                   "reject('none')|list", "select('string')|list", "map(attribute='role')|list", "selectattr('role')|list",
                   "batch(2)|list", "slice(2)|list", "groupby('role')", "wordcount", "truncate(3)", "center(7)", "format('q')",
                   "tojson(sort_keys=true)", "count", "safe", "escape", "rejectattr('role', 'equalto', 'user')|list|length"]
        return f"({e()})|{self.pick(*filters)}"

    def statement(self, depth):
        e = lambda: self.expression(self.random.randrange(1, 3))
        b = lambda: self.body(depth - 1)
        sign = lambda: self.pick("", "", "", "-", "+")
        kind = self.random.randrange(12 if depth > 0 else 5)
        if kind < 2:
            return f"{{{{{self.pick('', '-')} {e()} {self.pick('', '-')}}}}}"
        if kind == 2:
            return self.pick("text", "\n", "  \n", " t ", "\n\n  ", "\t")
        if kind == 3:
            return f"{{%{sign()} set {self.pick('x', 'y', 'ns.a')} = {e()} {sign()}%}}"
        if kind == 4:
            return f"{{#{sign()} note {sign()}#}}"
        if kind == 5:
            return f"{{%{sign()} if {e()} {sign()}%}}{b()}{{%{sign()} else {sign()}%}}{b()}{{%{sign()} endif {sign()}%}}"
        if kind == 6:
            return f"{{%{sign()} if {e()} %}}{b()}{{%{sign()} elif {e()} %}}{b()}{{% endif {sign()}%}}"
        if kind == 7:
            loop = self.pick("loop.index", "loop.last", "loop.length", "loop.revindex0", "loop.nextitem", "loop.previtem", "loop.cycle(1, 'z')")
            return f"{{%{sign()} for {self.pick('x', 'x', 'x, y')} in {e()} {sign()}%}}{b()}{{{{ {loop} }}}}{{% else %}}{b()}{{% endfor {sign()}%}}"
        if kind == 8:
            return f"{{% for x in {e()} if {e()} %}}{b()}{self.pick('{% break %}', '{% continue %}', '', '')}{{% endfor %}}"
        if kind == 9:
            return f"{{% macro m(x, y={e()}) %}}{b()}{{% endmacro %}}{{{{ m({self.pick(e(), e() + ', ' + e(), 'y=' + e(), '')}) }}}}"
        if kind == 10:
            return f"{{% set {self.pick('x', 'y')} {self.pick('', '| trim ')}%}}{b()}{{% endset {sign()}%}}"
        return f"{{% filter {self.pick('upper', 'trim', 'replace(1, 2)')} %}}{b()}{{% endfilter %}}"

    def body(self, depth):
        return "".join(self.statement(depth) for _ in range(self.random.randrange(1, 4)))

    def template(self):
        return self.pick("", "", "{% set ns = namespace(a=1) %}") + self.body(2)


def fuzz(count):
    source = Fuzz(20240726)
    kept, faults = [], 0
    while len(kept) < count:
        template = source.template()
        text = render(template, variables(CONVERSATIONS["system_and_turns"]))
        if text is not None and ("object at 0x" in text or "<built-in method" in text or "<bound method" in text or len(text) > 400):
            continue  # where an object lies in memory, or the name of a function, is no text that can be compared
        if text is None:
            faults += 1
            if faults * 4 > count:
                continue
        kept.append({"template": template, "text": text})
    return kept


def write(name, value):
    with open(os.path.join(HERE, "Goldens", name), "w", encoding="utf-8", newline="\n") as file:
        json.dump(value, file, ensure_ascii=False, indent=1)
        file.write("\n")


def main():
    os.makedirs(os.path.join(HERE, "Goldens"), exist_ok=True)
    templates = {}
    for path in sorted(glob.glob(os.path.join(HERE, "Templates", "*.jinja"))):
        with open(path, encoding="utf-8") as file:
            template = file.read()
        name = os.path.basename(path)[: -len(".jinja")]
        templates[name] = {key: render(template, variables(talk)) for key, talk in CONVERSATIONS.items()}
    write("conversations.json", {key: variables(talk) for key, talk in CONVERSATIONS.items()})
    write("templates.json", templates)
    write("constructs.json", [
        {"template": template, "text": render(template, variables(CONVERSATIONS["system_and_turns"]))} for template in CONSTRUCTS])
    write("fuzz.json", fuzz(600))
    for name, texts in templates.items():
        print(f"{name}: {sum(text is not None for text in texts.values())} of {len(texts)}")


if __name__ == "__main__":
    main()
