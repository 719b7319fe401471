"""What the official client makes of Perigee: client.py BASE_URL. Prints one JSON object."""

import json
import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key="none-is-needed", max_retries=0)
# As people use it: it sends again what failed, unless it is told not to.
insistent = openai.OpenAI(base_url=sys.argv[1], api_key="none-is-needed", max_retries=2)
MODEL = "open-persona/build"


def said(text):
    return [{"role": "user", "content": text}]


def failure(call):
    try:
        call()
    except openai.APIStatusError as error:
        return [type(error).__name__, error.status_code]
    except openai.APIError as error:
        return [type(error).__name__, error.message]
    return None


def streamed(text):
    words, usage, finishes = [], [], []
    chunks = client.chat.completions.create(
        model=MODEL, messages=said(text), stream=True, stream_options={"include_usage": True})
    for chunk in chunks:
        if chunk.choices:
            words.append(chunk.choices[0].delta.content or "")
            finishes.append(chunk.choices[0].finish_reason)
        if chunk.usage:
            usage.append(chunk.usage.total_tokens)
    return {"text": "".join(words), "usage": usage, "finishes": [each for each in finishes if each]}


whole = client.chat.completions.create(model=MODEL, messages=said("say whole"))
first = client.responses.create(model=MODEL, input="think so; say first")
with client.responses.stream(model=MODEL, input="say some words") as events:
    for _ in events:
        pass
    final = events.get_final_response()
left = client.chat.completions.create(model=MODEL, messages=said("hang"), stream=True)
next(iter(left))
left.close()

print(json.dumps({
    "models": [model.id for model in client.models.list()],
    "model": client.models.retrieve("open-persona/izzy").id,
    "whole": [whole.choices[0].message.content, whole.choices[0].finish_reason, whole.usage.total_tokens],
    "streamed": streamed("think hm; say one two three"),
    "response": [first.output_text, first.status, [item.type for item in first.output]],
    "chained": client.responses.create(model=MODEL, input="say second", previous_response_id=first.id).output_text,
    "events": final.output_text,
    "missing": failure(lambda: client.models.retrieve("open-persona/nobody")),
    "refused": failure(lambda: client.chat.completions.create(model=MODEL, messages=[])),
    "failed": failure(lambda: streamed("say some; error 403")),
    "insisted": [
        failure(lambda: insistent.chat.completions.create(model=MODEL, messages=said("say once; error 401"))),
        failure(lambda: insistent.responses.create(model=MODEL, input="say once; error 401")),
    ],
    "unserved": failure(lambda: client.embeddings.create(model="m", input="x")),
}))
