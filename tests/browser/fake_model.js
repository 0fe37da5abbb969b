// What anywidget's front end gives to a widget: a model in the manner of Backbone, `initialize` once per model,
// `render` once per view, each with a signal that aborts when it goes. The kernel's side is played by the test.
const pack = value => {
  if (!(value instanceof ArrayBuffer || ArrayBuffer.isView(value))) return value;
  const bytes = value instanceof ArrayBuffer ? new Uint8Array(value)
    : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  let text = '';
  for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return { __bytes__: btoa(text) };
};
const unpack = value =>
  value && typeof value === 'object' && '__bytes__' in value
    ? new DataView(Uint8Array.from(atob(value.__bytes__), c => c.charCodeAt(0)).buffer)
    : value;
const unpackAll = values => Object.fromEntries(Object.entries(values).map(([k, v]) => [k, unpack(v)]));
const packAll = values => Object.fromEntries(Object.entries(values).map(([k, v]) => [k, pack(v)]));

class FakeModel {
  sent = [];
  saved = [];
  widget_manager = {};
  #traits;
  #unsaved = {};
  #listeners = [];

  constructor(traits) {
    this.#traits = traits;
  }
  get(name) {
    return this.#traits[name];
  }
  set(name, value) {
    const values = typeof name === 'object' ? name : { [name]: value };
    Object.assign(this.#unsaved, values);
    this.fromKernel(values);
  }
  save_changes() {
    if (Object.keys(this.#unsaved).length) this.saved.push(packAll(this.#unsaved));
    this.#unsaved = {};
  }
  send(content, callbacks, buffers) {
    this.sent.push({ content: structuredClone(content), buffers: (buffers ?? []).map(pack) });
  }
  on(names, callback) {
    for (const name of names.split(' ')) this.#listeners.push({ name, callback });
  }
  off(name, callback) {
    this.#listeners = this.#listeners.filter(
      l => (name && !name.split(' ').includes(l.name)) || (callback && l.callback !== callback),
    );
  }
  emit(name, ...values) {
    for (const l of [...this.#listeners]) if (l.name === name) l.callback(...values);
  }
  fromKernel(values) {
    const changed = Object.keys(values).filter(name => this.#traits[name] !== values[name]);
    Object.assign(this.#traits, values);
    for (const name of changed) this.emit(`change:${name}`, this, values[name]);
    if (changed.length) this.emit('change', this);
  }
  get listeners() {
    return this.#listeners.length;
  }
}

const views = [];

window.fake = {
  async start(name, traits) {
    const model = (this.model = new FakeModel(unpackAll(traits)));
    const { default: widget } = await import(`/static/${name}.js`);
    this.widget = typeof widget === 'function' ? await widget() : widget;
    this.binding = new AbortController();
    const done = await this.widget.initialize?.({ model, signal: this.binding.signal, experimental: {} });
    if (typeof done === 'function') this.binding.signal.addEventListener('abort', () => done());
  },
  async addView() {
    const el = document.createElement('div');
    el.id = `view-${views.length}`;
    el.className = 'view';
    document.body.append(el);
    const closing = new AbortController();
    const signal = AbortSignal.any([this.binding.signal, closing.signal]);
    const cleanup = await this.widget.render({ model: this.model, el, signal, experimental: {} });
    views.push(() => {
      closing.abort();
      cleanup?.();
      el.remove();
    });
    return el.id;
  },
  closeView: index => views[index](),
  destroy() {
    this.binding.abort();
  },
  receive(content, buffers) {
    this.model.emit('msg:custom', content, buffers.map(unpack));
  },
  set(traits) {
    this.model.fromKernel(unpackAll(traits));
  },
  get(name) {
    return pack(this.model.get(name));
  },
};
