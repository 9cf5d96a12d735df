// Runs a file of this folder in a component of Streamlit: `behave` gets it as its body. data.markup is the content,
// data.value what the behavior reads as props.value; `select` and other triggers reach Python as trigger values.

const behave = (element, props, trigger, watch) => {
  /* BEHAVIOR */
};

const mounted = new WeakMap();

const mount = (parent, data) => {
  const element = document.createElement("div");
  parent.append(element);
  element.innerHTML = data.markup;
  const instance = { element, data, props: { value: data.value }, watchers: [] };
  const trigger = (event, detail) => instance.send(event, detail ?? instance.props.value);
  instance.start = () => behave(element, instance.props, trigger, (_, watcher) => instance.watchers.push(watcher));
  return instance;
};

// New markup replaces all nodes; keyboard focus stays at the same node.
const replaceMarkup = (element, markup) => {
  const path = [];
  for (let node = document.activeElement; node !== element; node = node.parentElement) {
    if (!element.contains(node)) break;
    path.unshift([...node.parentElement.children].indexOf(node));
  }
  element.innerHTML = markup;
  if (path.length) path.reduce((node, index) => node?.children[index], element)?.focus({ preventScroll: true });
};

// What the server sent before, or has just received from the browser, is not new.
const receive = (instance, data) => {
  const [before, own, next] = [instance.data.value, instance.props.value, data.value].map((value) => JSON.stringify(value));
  const markup = data.markup !== instance.data.markup;
  const value = next !== before && next !== own;
  if (markup) replaceMarkup(instance.element, data.markup);
  if (value) instance.props.value = data.value;
  instance.data = data;
  if (markup || value) for (const watcher of instance.watchers) watcher();
};

export default ({ data, parentElement, setTriggerValue }) => {
  let instance = mounted.get(parentElement);
  if (!instance?.element.isConnected) {
    instance = mount(parentElement, data);
    instance.send = setTriggerValue;
    mounted.set(parentElement, instance);
    instance.start();
  } else {
    instance.send = setTriggerValue;
    receive(instance, data);
  }
  instance.element.id = data.id;
  instance.element.className = `${data.kind} ${data.outdated ? "outdated" : ""}`;
};
