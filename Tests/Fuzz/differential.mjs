// Sends mutated requests to Node's server and to ours, and reports what Node refuses and we take: whole requests that
// ours answers with 2xx and Node never saw, and bodies of other lengths.
// usage: node differential.mjs path/to/BenchServer [count] [seed]
import { spawn } from "node:child_process";
import http from "node:http";
import net from "node:net";

const [binary, count = "50000", seed = "1"] = process.argv.slice(2);
const parallel = 48;

let state = BigInt(seed) * 0x9e3779b97f4a7c15n;
function random(bound) {
  state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
  return Number((state >> 33n) % BigInt(bound));
}
const pick = (list) => list[random(list.length)];

const fields = [
  "Host: x", "Host: y", "Content-Length: 5", "Content-Length: 6", "Content-Length: 05", "Content-Length: +5",
  "Content-Length: 5, 5", "Content-Length: ", "Content-Length:5\t", "Transfer-Encoding: chunked",
  "Transfer-Encoding: Chunked", "Transfer-Encoding: identity", "Transfer-Encoding: gzip, chunked",
  "Transfer-Encoding: chunked, chunked", "Transfer-Encoding:\tchunked", "Transfer-Encoding : chunked",
  "Transfer_Encoding: chunked", "Connection: close", "Connection: keep-alive, upgrade", "Upgrade: h2c",
  "Upgrade: websocket", "Expect: 100-continue", "X: y", "X:", " X: y", "X: a\r\n b", "X: \u00e4", ": y", "X",
];
const targets = ["/json", "/echo", "/", "*", "http://x/json", "/a%20b", "/a?b=c", "/a#b", "//", "/\u00e4", "x:1", "/%zz"];
const methods = ["GET", "POST", "HEAD", "PUT", "OPTIONS", "CONNECT", "get", "PRI", "FOO", "M-SEARCH"];
const versions = ["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/0.9", "http/1.1", "HTTP/1.1 ", ""];
const bodies = [
  "", "abcde", "abcdef", "5\r\nabcde\r\n0\r\n\r\n", "5;a=b\r\nabcde\r\n0\r\nT: v\r\n\r\n", "0\r\n\r\n", "5\nabcde\n0\n\n",
  "0\r\n\r\nGET /json HTTP/1.1\r\nHost: x\r\n\r\n", "abcdeGET /json HTTP/1.1\r\nHost: x\r\n\r\n", "ffffffffffffffff1\r\n",
  "+5\r\nabcde\r\n0\r\n\r\n", "5\r\nabcdeX\r\n0\r\n\r\n", "5 \r\nabcde\r\n0\r\n\r\n", "05\r\nabcde\r\n00\r\n\r\n",
];
const marks = ["\r", "\n", "\r\n", "\0", " ", "\t", ":", ",", ";", "=", "0", "\x7f", "\x80", "\x0b", "\x0c", "%", "\"", "\\"];

function request() {
  const lines = [`${random(3) ? pick(["GET", "POST"]) : pick(methods)} ${random(3) ? pick(["/json", "/echo"]) : pick(targets)} ${
    random(4) ? "HTTP/1.1" : pick(versions)}`];
  if (random(8)) lines.push("Host: x");
  for (let n = random(3); n > 0; n--) lines.splice(1 + random(lines.length), 0, pick(fields));
  let text = lines.join("\r\n") + "\r\n\r\n" + pick(bodies);
  for (let n = Math.max(0, random(4) - 1); n > 0; n--) {
    const at = random(text.length);
    switch (random(4)) {
      case 0: text = text.slice(0, at) + pick(marks) + text.slice(at); break;
      case 1: text = text.slice(0, at) + text.slice(at + 1); break;
      case 2: text = text.slice(0, at) + pick(marks) + text.slice(at + 1); break;
      case 3: text = text.slice(0, at) + text.slice(at, at + 1 + random(8)) + text.slice(at); break;
    }
  }
  return Buffer.from(text, "latin1");
}

// Statuses and bodies that come back on one connection, interim ones left out.
function ask(port, bytes) {
  return new Promise((resolve) => {
    let text = "";
    const socket = net.connect(port, "127.0.0.1");
    let local = 0;
    socket.on("connect", () => { local = socket.localPort; });
    const limit = setTimeout(() => { socket.destroy(); resolve({ statuses: ["hangs"], local }); }, 20000);
    socket.on("data", (data) => { text += data.toString("latin1"); });
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(limit);
      const statuses = [...text.matchAll(/HTTP\/1\.[01] (\d\d\d) /g)].map((m) => m[1]).filter((s) => s >= "200");
      const sizes = [...text.matchAll(/text\/plain[^]*?\r\n\r\n(\d+)/g)].map((m) => Number(m[1]));
      resolve({ statuses, sizes, local });
    });
    socket.end(bytes);
  });
}

// What Node read whole, by connection: the length of each body. A refusal behind them does not undo them.
const read = new Map();
const node = http.createServer((request, response) => {
  let size = 0;
  const seen = read.get(request.socket.remotePort);
  request.on("data", (piece) => { size += piece.length; });
  request.on("error", () => {});
  request.on("end", () => { seen?.push(size); response.end(); });
});
node.on("connection", (socket) => read.set(socket.remotePort, []));
await new Promise((done) => node.listen(0, "127.0.0.1", done));
const ours = spawn(binary, ["0"], { stdio: ["ignore", "ignore", "pipe"] });
const port = await new Promise((done, fail) => {
  ours.stderr.on("data", (data) => { const m = /:(\d+)\n/.exec(data); if (m) done(Number(m[1])); });
  ours.on("exit", (code) => fail(new Error(`the server ended with ${code}`)));
});

let [sent, taken, laxer, fewer] = [0, 0, 0, 0];
const show = (what, bytes, theirs, mine, lengths) =>
  console.log(what, JSON.stringify(bytes.toString("latin1")), "node", theirs.statuses.join(" "), lengths.join(" "),
    "ours", mine.statuses.join(" "), mine.sizes?.join(" "));

async function worker() {
  while (sent < Number(count)) {
    sent += 1;
    const bytes = request();
    const [theirs, mine] = await Promise.all([ask(node.address().port, bytes), ask(port, bytes)]);
    const lengths = read.get(theirs.local) ?? [];
    read.delete(theirs.local);
    // OPTIONS (204) is answered from the head alone, as 404 and 405 are.
    const good = mine.statuses.filter((s) => s === "200").length;
    if (good) taken += 1;
    if (mine.statuses[0] === "hangs") show("HANGS", bytes, theirs, mine, lengths);
    const isOtherLength = mine.sizes?.some((size) => !lengths.includes(size));
    if (good > lengths.length || isOtherLength) {
      laxer += 1;
      if (laxer <= 40) show("LAXER", bytes, theirs, mine, lengths);
    } else if (lengths.length > mine.statuses.filter((s) => s === "404" || s === "405" || s[0] === "2").length) {
      fewer += 1;
    }
  }
}
await Promise.all(Array.from({ length: parallel }, worker));
console.log(JSON.stringify({ sent, taken, laxer, fewer }));
ours.removeAllListeners("exit");
ours.kill("SIGTERM");
node.close();
node.closeAllConnections();
process.exitCode = laxer ? 1 : 0;
