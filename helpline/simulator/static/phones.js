"use strict";

const GSM = new Set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà");
const GSM_TWO = new Set("\f^{}\\[~]|€");
const TICKS = { queued: "◌ queued", sent: "✓ sent", delivered: "✓✓ delivered", undelivered: "✗ undelivered", failed: "✗ failed", received: "✓ received" };

const phones = new Map();
let account = [];
let pictures = [];
let behaviours = [];
let behaves = {};
const BEHAVIOURS = { person: "I answer", busy: "busy", "no-answer": "nobody answers", failed: "out of service", voicemail: "a voicemail box answers" };
const STATUS = { queued: "about to ring", ringing: "rings", "in-progress": "connected", completed: "ended", busy: "busy", "no-answer": "not answered", failed: "failed", canceled: "stopped ringing" };

function ask(path, told) {
  return fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(told) });
}

function cost(body) {
  if (!body) return "";
  const gsm = [...body].every((mark) => GSM.has(mark) || GSM_TWO.has(mark));
  const units = gsm ? [...body].reduce((sum, mark) => sum + (GSM_TWO.has(mark) ? 2 : 1), 0) : body.length;
  const [single, part] = gsm ? [160, 153] : [70, 67];
  const segments = units <= single ? 1 : Math.ceil(units / part);
  return `${body.length} characters, ${segments} segment${segments === 1 ? "" : "s"}${gsm ? "" : " (UCS-2)"}`;
}

class PhoneView {
  constructor(facts) {
    this.facts = facts;
    this.threads = new Map();
    this.open = account[0];
    const root = document.getElementById("phone").content.cloneNode(true).firstElementChild;
    this.root = root;
    this.root.id = `phone-${facts.number.replace("+", "")}`;
    root.querySelector("h2").textContent = facts.name || "Somebody";
    root.querySelector(".number").textContent = `${facts.number} · ${facts.role || "person"}`;
    root.setAttribute("aria-label", `Phone of ${facts.name || facts.number}`);
    this.list = root.querySelector(".texts");
    this.tabs = root.querySelector(".threads");
    this.box = root.querySelector("textarea");
    this.cost = root.querySelector(".cost");
    this.picture = root.querySelector(".picture");
    for (const url of pictures) {
      const name = url.split("/").pop().replace(".svg", "");
      this.picture.append(new Option(name, url));
    }
    this.box.addEventListener("input", () => { this.cost.textContent = cost(this.box.value); });
    this.box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); this.send(); }
    });
    root.querySelector("form").addEventListener("submit", (event) => { event.preventDefault(); this.send(); });
    this.dialer();
    this.thread(this.open);
    document.getElementById("phones").append(root);
  }

  dialer() {
    this.panel = this.root.querySelector(".call");
    this.heard = this.root.querySelector(".heard");
    this.call = null;
    this.spoken = 0;
    const behaviour = this.root.querySelector(".behaviour");
    for (const each of behaviours) behaviour.append(new Option(BEHAVIOURS[each] || each, each));
    behaviour.value = behaves[this.facts.number] || "person";
    behaviour.addEventListener("change", () => ask("/sim/behaviours", { [this.facts.number]: behaviour.value }));
    this.root.querySelector(".dial").addEventListener("click", () => ask("/sim/calls", { sender: this.facts.number, to: this.open }));
    for (const act of ["answer", "decline", "hang-up"]) {
      this.root.querySelector(`.${act}`).addEventListener("click", () => this.act(act));
    }
    const keys = this.root.querySelector(".keys");
    for (const key of "123456789*0#") {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = key;
      button.addEventListener("click", () => this.act("press", { key }));
      keys.append(button);
    }
  }

  act(act, told = {}) {
    if (this.call) ask(`/sim/calls/${this.call.sid}/${act}`, told);
  }

  phone(call) {
    if (this.call && this.call.sid !== call.sid && (!this.call.is_over || call.made_at < this.call.made_at)) return;
    if (!this.call || this.call.sid !== call.sid) this.spoken = 0;
    this.call = call;
    const other = call.direction === "inbound" ? call.to : call.sender;
    const rings = call.status === "ringing" && call.direction !== "inbound";
    this.panel.hidden = false;
    this.panel.classList.toggle("rings", rings);
    this.panel.classList.toggle("over", call.is_over);
    this.root.querySelector(".state").textContent = `${other}: ${STATUS[call.status] || call.status}${call.doing && !call.is_over ? ` · ${call.doing}` : ""}`;
    this.heard.replaceChildren(...call.heard.map((words) => Object.assign(document.createElement("li"), { textContent: words })));
    this.heard.scrollTop = this.heard.scrollHeight;
    for (const act of ["answer", "decline"]) this.root.querySelector(`.${act}`).hidden = !rings;
    this.root.querySelector(".hang-up").hidden = rings || call.is_over;
    this.root.querySelector(".keys").hidden = call.status !== "in-progress";
    this.root.querySelector(".dial").disabled = !call.is_over;
    this.speak(call);
  }

  speak(call) {
    const fresh = call.heard.slice(this.spoken).filter((words) => /\w/.test(words));
    this.spoken = call.heard.length;
    if (!document.getElementById("aloud").checked || !window.speechSynthesis) return;
    for (const words of fresh) window.speechSynthesis.speak(new SpeechSynthesisUtterance(words));
  }

  thread(number) {
    if (!this.threads.has(number)) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = number;
      button.addEventListener("click", () => this.show(number));
      this.tabs.append(button);
      this.threads.set(number, { button, texts: new Map() });
      this.mark();
    }
    return this.threads.get(number);
  }

  mark() {
    for (const [number, { button }] of this.threads) button.setAttribute("aria-pressed", String(number === this.open));
  }

  show(number) {
    this.open = number;
    this.thread(number).button.classList.remove("news");
    this.mark();
    this.list.replaceChildren(...[...this.thread(number).texts.values()].map((text) => this.bubble(text)));
    this.list.scrollTop = this.list.scrollHeight;
  }

  take(text) {
    const mine = text.sender === this.facts.number;
    const number = mine ? text.to : text.sender;
    const thread = this.thread(number);
    const fresh = !thread.texts.has(text.sid);
    thread.texts.set(text.sid, text);
    if (number !== this.open) {
      if (fresh && !mine) thread.button.classList.add("news");
      return;
    }
    const old = this.list.querySelector(`[data-sid="${text.sid}"]`);
    if (old) old.replaceWith(this.bubble(text));
    else { this.list.append(this.bubble(text)); this.list.scrollTop = this.list.scrollHeight; }
  }

  bubble(text) {
    const item = document.createElement("li");
    item.dataset.sid = text.sid;
    if (text.sender === this.facts.number) item.className = "mine";
    for (const url of text.media) {
      const image = document.createElement("img");
      image.src = url;
      image.alt = "picture";
      item.append(image);
    }
    item.append(text.body);
    const small = document.createElement("small");
    const time = new Date(text.made_at * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    small.textContent = `${time} ${TICKS[text.status] || text.status}`;
    item.append(small);
    return item;
  }

  async send() {
    const body = this.box.value;
    const media = this.picture.value ? [this.picture.value] : [];
    if (!body && !media.length) return;
    const asked = { sender: this.facts.number, to: this.open, body, media };
    const answer = await ask("/sim/texts", asked);
    if (!answer.ok) { this.cost.textContent = "Not sent: is the simulator still running?"; return; }
    this.box.value = "";
    this.picture.value = "";
    this.cost.textContent = "";
    this.box.focus();
  }
}

function take(text) {
  for (const number of [text.sender, text.to]) {
    if (phones.has(number)) phones.get(number).take(text);
    else if (!account.includes(number)) {
      phones.set(number, new PhoneView({ number, name: "", role: "person" }));
      phones.get(number).take(text);
    }
  }
}

function takeCall(call) {
  const number = call.direction === "inbound" ? call.sender : call.to;
  if (!phones.has(number)) phones.set(number, new PhoneView({ number, name: number.startsWith("+") ? "" : "Professional line", role: number.startsWith("+") ? "person" : "outside" }));
  phones.get(number).phone(call);
}

async function load() {
  const state = await (await fetch("/sim/state")).json();
  account = state.numbers;
  pictures = state.pictures;
  behaviours = state.behaviours;
  behaves = state.behaves;
  for (const facts of state.phones) if (!phones.has(facts.number)) phones.set(facts.number, new PhoneView(facts));
  for (const text of state.texts) take(text);
  for (const call of state.calls) takeCall(call);
}

function say(words, down) {
  const line = document.getElementById("connection");
  line.textContent = words;
  line.classList.toggle("down", down);
}

const events = new EventSource("/sim/events");
events.addEventListener("open", () => { load().then(() => say("live", false)); });
events.addEventListener("error", () => say("connection lost, trying again …", true));
events.addEventListener("message", (event) => {
  const news = JSON.parse(event.data);
  if (news.call) takeCall(news.call);
  else take(news);
});
document.getElementById("pace").addEventListener("change", (event) => ask("/sim/pace", { pace: Number(event.target.value) }));

document.getElementById("new-phone").addEventListener("submit", async (event) => {
  event.preventDefault();
  const number = document.getElementById("new-number").value;
  await ask("/sim/phones", { number, name: "Somebody", role: "person" });
  if (!phones.has(number)) phones.set(number, new PhoneView({ number, name: "Somebody", role: "person" }));
  phones.get(number).box.focus();
});
