// The official OpenAI library against two servers that tests/clients.sh starts with the shipped model: SPAR_OPEN answers everybody, SPAR_GUARDED wants
// the key SPAR_KEY and answers one request at a time, with none that waits.
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";

const { SPAR_OPEN, SPAR_GUARDED, SPAR_KEY } = process.env;
const open = new OpenAI({ baseURL: SPAR_OPEN, apiKey: "none", maxRetries: 0 });
const guarded = new OpenAI({ baseURL: SPAR_GUARDED, apiKey: SPAR_KEY, maxRetries: 0 });
const messages = [{ role: "user", content: "write a line about the sea. use exactly 6 words." }];
const sampled = { model: "nano", messages, temperature: 0.9, seed: 11 };
const textOf = completion => completion.choices[0].message.content;

test("a stream is the whole answer in pieces, and ends with its usage", async () => {
  const whole = await open.chat.completions.create(sampled);
  assert.equal(whole.object, "chat.completion");
  assert.equal(whole.choices[0].finish_reason, "stop");
  const stream = await open.chat.completions.create({ ...sampled, stream: true, stream_options: { include_usage: true } });
  let text = "", chunks = 0, finish = null, usage = null;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? "";
    finish = chunk.choices[0]?.finish_reason ?? finish;
    usage = chunk.usage ?? usage;
    chunks++;
  }

  assert.equal(text, textOf(whole));
  assert.equal(finish, "stop");
  assert.deepEqual(usage, whole.usage);
  assert.ok(chunks > 3, `${chunks} chunks`);
});

test("the library's own reading of a stream gives the same completion", async () => {
  const read = open.chat.completions.stream(sampled);
  assert.equal(await read.finalContent(), textOf(await open.chat.completions.create(sampled)));
});

test("four choices, and the first is the answer to n = 1", async () => {
  const four = await open.chat.completions.create({ ...sampled, n: 4 });
  assert.deepEqual(four.choices.map(choice => choice.index), [0, 1, 2, 3]);
  assert.ok(new Set(four.choices.map(choice => choice.message.content)).size > 1);
  assert.equal(textOf(four), textOf(await open.chat.completions.create(sampled)));
  const pieces = ["", "", "", ""];
  for await (const chunk of await open.chat.completions.create({ ...sampled, n: 4, stream: true })) {
    pieces[chunk.choices[0].index] += chunk.choices[0].delta.content ?? "";
  }

  assert.deepEqual(pieces, four.choices.map(choice => choice.message.content));
});

test("the same seed gives the same answer, others give others", async () => {
  const ask = seed => open.chat.completions.create({ ...sampled, seed }).then(textOf);
  const [first, ...others] = await Promise.all([11, 1, 2, 3, 4, 5].map(ask));
  assert.equal(await ask(11), first);
  assert.ok(others.some(other => other !== first));
});

test("an answer ends before a stop sequence", async () => {
  const text = textOf(await open.chat.completions.create(sampled));
  const word = text.split(" ")[2];
  const stopped = await open.chat.completions.create({ ...sampled, stop: [word] });
  assert.equal(textOf(stopped), text.slice(0, text.indexOf(word)));
  assert.equal(stopped.choices[0].finish_reason, "stop");
});

test("log-probabilities are those of the answer's tokens, with the likeliest beside them", async () => {
  const { choices: [choice] } = await open.chat.completions.create({ ...sampled, logprobs: true, top_logprobs: 3 });
  const tokens = choice.logprobs.content;
  assert.equal(tokens.map(token => token.token).join("").trim(), choice.message.content);
  for (const token of tokens) {
    assert.ok(token.logprob <= 0);
    assert.equal(token.top_logprobs.length, 3);
    assert.ok(token.top_logprobs[0].logprob >= token.top_logprobs[2].logprob);
    assert.equal(Buffer.from(token.bytes).toString(), token.token);
  }
});

test("models are listed, and a model that is not served is a NotFoundError that names those that are", async () => {
  const names = [];
  for await (const model of open.models.list()) names.push(model.id);
  assert.ok(["nano", "nano:bfs", "nano:best-of-8"].every(name => names.includes(name)), names.join());
  assert.equal((await open.models.retrieve("nano:bfs")).id, "nano:bfs");
  await assert.rejects(open.chat.completions.create({ ...sampled, model: "gpt-4" }), fault => {
    assert.ok(fault instanceof OpenAI.NotFoundError);
    assert.equal(fault.code, "model_not_found");
    assert.equal(fault.param, "model");
    assert.match(fault.message, /nano:bfs/);
    return true;
  });
});

test("what cannot be given is a BadRequestError that names the parameter", async () => {
  const tools = [{ type: "function", function: { name: "f" } }];
  await assert.rejects(open.chat.completions.create({ ...sampled, tools }), fault => {
    assert.ok(fault instanceof OpenAI.BadRequestError);
    assert.equal(fault.param, "tools");
    return true;
  });
});

test("whoever lacks the key is told so", async () => {
  const stranger = new OpenAI({ baseURL: SPAR_GUARDED, apiKey: "wrong", maxRetries: 0 });
  await assert.rejects(stranger.chat.completions.create(sampled), fault => {
    assert.ok(fault instanceof OpenAI.AuthenticationError);
    assert.equal(fault.code, "invalid_api_key");
    return true;
  });
});

test("a body beyond the limit is refused", async () => {
  const content = "sea ".repeat(1.2e6);
  await assert.rejects(
    open.chat.completions.create({ ...sampled, messages: [{ role: "user", content }] }),
    fault => fault instanceof OpenAI.APIError && fault.status === 413);
});

test("the searches are models, and tell their calls as reasoning", async () => {
  for (const model of ["nano:bfs", "nano:dfs", "nano:iterative", "nano:restarts-2", "nano:best-of-4"]) {
    const whole = await open.chat.completions.create({ ...sampled, model });
    assert.equal(whole.model, model);
    assert.ok(textOf(whole).length > 0);
    let text = "", reasoning = "";
    for await (const chunk of await open.chat.completions.create({ ...sampled, model, stream: true })) {
      text += chunk.choices[0].delta.content ?? "";
      reasoning += chunk.choices[0].delta.reasoning_content ?? "";
    }

    assert.equal(text, textOf(whole), model);
    assert.ok(reasoning.length > 0, model);
  }
});

test("responses and text completions are answered, too", async () => {
  const whole = await open.responses.create({ model: "nano", input: messages[0].content, seed: 11 });
  assert.ok(whole.output_text.length > 0);
  let text = "", completed = null;
  for await (const event of await open.responses.create({ model: "nano", input: messages[0].content, seed: 11, stream: true })) {
    if (event.type === "response.output_text.delta") text += event.delta;
    if (event.type === "response.completed") completed = event.response;
  }

  assert.equal(text, whole.output_text);
  assert.equal(completed.status, "completed");
  const continued = await open.completions.create({ model: "nano", prompt: "the sea", max_tokens: 8, seed: 11 });
  assert.equal(continued.object, "text_completion");
});

test("one too many is told to come again, and comes in when another leaves", async () => {
  // Thousands of samples and votes: far longer than what is done beside it.
  const long = await guarded.chat.completions.create({ ...sampled, model: "nano:best-of-64", n: 128, stream: true });
  const pieces = long[Symbol.asyncIterator]();
  await pieces.next();
  await assert.rejects(guarded.chat.completions.create(sampled), fault => {
    assert.ok(fault instanceof OpenAI.RateLimitError);
    assert.equal(fault.headers.get("retry-after"), "1");
    return true;
  });
  long.controller.abort();
  // The library waits as it is told, and asks again.
  const patient = new OpenAI({ baseURL: SPAR_GUARDED, apiKey: SPAR_KEY, maxRetries: 5 });
  assert.ok(textOf(await patient.chat.completions.create(sampled)).length > 0);
});
