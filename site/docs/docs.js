// Shows /openapi.json for people: endpoints by group, what they take and what they answer.

const place = document.getElementById("endpoints");
const search = document.getElementById("search");
const methods = ["get", "post", "put", "patch", "delete"];

/// An element with its class and what is in it; texts are texts, never markup.
function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/// A schema in the words of this page: `{ name: text, … }`.
function shape(schema, all, depth = 0) {
  if (!schema || Object.keys(schema).length === 0) return "anything";
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    return depth > 2 ? name : shape(all[name], all, depth);
  }
  if (schema.anyOf) return schema.anyOf.map((one) => shape(one, all, depth)).join(" or ");
  if (schema.enum) return schema.enum.map((word) => JSON.stringify(word)).join(" | ");
  if (schema.type === "array") return `[ ${shape(schema.items, all, depth + 1)}, … ]`;
  if (schema.properties) {
    const indent = "  ".repeat(depth + 1);
    const required = new Set(schema.required ?? []);
    const lines = Object.entries(schema.properties).map(([name, value]) =>
      `${indent}${name}${required.has(name) ? "" : "?"}: ${shape(value, all, depth + 1)}`);
    return `{\n${lines.join("\n")}\n${"  ".repeat(depth)}}`;
  }
  if (schema.format) return schema.format === "date-time" ? "time" : schema.format;
  const types = [].concat(schema.type ?? "anything").join(" or ");
  if (schema.maximum !== undefined && schema.maximum < 1e9) return `${types} ${schema.minimum ?? ""}–${schema.maximum}`;
  return types;
}

function parameters(list, all) {
  const shown = element("dl");
  for (const one of list) {
    const facts = ` ${one.in}, ${shape(one.schema, all)}${one.required ? ", required" : ""}`;
    shown.append(element("dt", "", element("code", "", one.name), element("span", "", facts)));
    if (one.description) shown.append(element("dd", "", one.description));
  }
  return shown;
}

function content(media, all) {
  return Object.entries(media ?? {}).flatMap(([type, { schema }]) =>
    type === "application/problem+json" ? [] : [element("pre", "", `${type}\n${shape(schema, all)}`)]);
}

function answers(list, all) {
  const shown = element("dl");
  for (const [status, answer] of Object.entries(list)) {
    shown.append(element("dt", "", element("b", "", status), ` ${answer.description}`));
    const bodies = content(answer.content, all);
    if (bodies.length > 0) shown.append(element("dd", "", ...bodies));
  }
  return shown;
}

function endpoint(path, method, operation, all) {
  const shown = element("details");
  shown.dataset.words = `${method} ${path} ${operation.summary} ${operation.tags}`.toLowerCase();
  shown.append(element("summary", "", element("span", `method ${method}`, method.toUpperCase()),
    element("code", "", path), element("p", "", operation.summary)));
  // What is inside is made when somebody looks.
  shown.addEventListener("toggle", () => {
    if (!shown.open || shown.children.length > 1) return;
    const inside = element("div", "inside");
    if (operation.parameters) inside.append(element("h3", "", "Takes"), parameters(operation.parameters, all));
    if (operation.requestBody) {
      const need = operation.requestBody.required ? "Body" : "Body, if wanted";
      inside.append(element("h3", "", need), ...content(operation.requestBody.content, all));
    }
    inside.append(element("h3", "", "Answers"), answers(operation.responses, all));
    shown.append(inside);
  });
  return shown;
}

function show(description) {
  const all = description.components?.schemas ?? {};
  document.getElementById("version").textContent = description.info.version;
  const groups = new Map();
  for (const [path, item] of Object.entries(description.paths)) {
    for (const method of methods.filter((name) => item[name])) {
      const group = item[method].tags?.[0] ?? "other";
      if (!groups.has(group)) groups.set(group, []);
      groups.get(group).push(endpoint(path, method, item[method], all));
    }
  }
  const sections = [...groups].map(([name, list]) => {
    const head = element("h2", "", name);
    head.id = name;
    return element("div", "", head, ...list);
  });
  place.replaceChildren(...sections);
  document.getElementById("groups").replaceChildren(...[...groups.keys()].map((name) => {
    const link = element("a", "", name);
    link.href = `#${name}`;
    return link;
  }));
}

/// Shows what has every word that is looked for.
function find() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const group of place.children) {
    let any = false;
    for (const one of group.querySelectorAll("details")) {
      one.hidden = !words.every((word) => one.dataset.words.includes(word));
      any ||= !one.hidden;
    }
    group.hidden = !any;
  }
}

try {
  const answer = await fetch("/openapi.json");
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  show(await answer.json());
  search.addEventListener("input", find);
} catch (error) {
  place.replaceChildren(element("p", "", `The description could not be read: ${error.message}.`));
}
