/** What an update makes of an item. Items are changed in place: an answer of many thousand pieces is not copied for each. */

/** @param {object} item @param {object} update as `thread.item.updated` brings it */
export function applyUpdate(item, update) {
  if (Object.hasOwn(CHANGES, update?.type)) CHANGES[update.type](item, update);
}

const CHANGES = {
  'assistant_message.content_part.added': (item, { content_index: at, content }) => {
    (item.content ??= [])[at] = content;
  },
  'assistant_message.content_part.text_delta': (item, { content_index: at, delta }) => {
    const part = ((item.content ??= [])[at] ??= { type: 'output_text', text: '', annotations: [] });
    part.text = (part.text ?? '') + delta;
  },
  'assistant_message.content_part.annotation_added': (item, { content_index: at, annotation_index: index, annotation }) => {
    const part = ((item.content ??= [])[at] ??= { type: 'output_text', text: '', annotations: [] });
    (part.annotations ??= [])[index] = annotation;
  },
  'assistant_message.content_part.done': (item, { content_index: at, content }) => {
    (item.content ??= [])[at] = content;
  },
  'widget.root.updated': (item, { widget }) => {
    item.widget = widget;
  },
  'widget.component.updated': (item, { component_id: id, component }) => {
    item.widget = replaced(item.widget, id, component);
  },
  'widget.streaming_text.value_delta': (item, { component_id: id, delta, done }) => {
    const part = find(item.widget, id);
    if (!part) return;
    part.value = (part.value ?? '') + delta;
    part.streaming = !done;
  },
  'workflow.task.added': (item, { task_index: at, task }) => {
    ((item.workflow ??= { tasks: [] }).tasks ??= []).splice(at, 0, task);
  },
  'workflow.task.updated': (item, { task_index: at, task }) => {
    ((item.workflow ??= { tasks: [] }).tasks ??= [])[at] = task;
  },
  'generated_image.updated': (item, { image, progress }) => {
    item.image = image;
    item.progress = progress ?? item.progress;
  },
};

/** The component of that id, in whatever depth, without recursion: a model may nest as it likes. */
function find(widget, id) {
  const open = [widget];
  while (open.length) {
    const one = open.pop();
    if (one === null || typeof one !== 'object') continue;
    if (one.id === id) return one;
    if (Array.isArray(one)) open.push(...one);
    else if (one.children) open.push(one.children);
  }
  return undefined;
}

function replaced(widget, id, component) {
  if (widget?.id === id) return component;
  const open = [widget];
  while (open.length) {
    const one = open.pop();
    const { children } = one ?? {};
    if (Array.isArray(children)) {
      const at = children.findIndex((child) => child?.id === id);
      if (at >= 0) {
        children[at] = component;
        return widget;
      }
      open.push(...children);
    } else if (children?.id === id) {
      one.children = component;
      return widget;
    } else if (children) open.push(children);
  }
  return widget;
}
