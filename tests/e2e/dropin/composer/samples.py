"""What an app may give to the composer, as options written in JavaScript, and the content that comes of it."""

from __future__ import annotations

from typing import Any

ADA = {
    "type": "input_tag",
    "id": "1",
    "text": "Ada Lovelace",
    "group": "People",
    "data": {"a": "b"},
    "interactive": True,
}
BLANK = {"type": "input_text", "text": " "}
ENTITIES = """entities: {
  showComposerMenu: true,
  onClick: (entity) => log.calls.push(entity),
  onRequestPreview: async ({title}) => ({preview: {type: 'Basic', children: [{type: 'Text', value: `About ${title}`}]}}),
  onTagSearch: async (query) => {
    if (query === 'boom') throw new Error('Search is down.');
    return [
      {id: '1', title: 'Ada Lovelace', group: 'People', icon: 'user', interactive: true, data: {a: 'b'}},
      {id: '2', title: 'Alan Turing', group: 'People'},
      {id: '3', title: 'Report', group: 'Documents', icon: 'document'},
    ].filter(({title}) => title.toLowerCase().includes(query.toLowerCase()));
  },
}"""
COMMANDS = """commands: {
  enabled: true,
  onSearch: async (query) => [{id: 'entity', label: 'Insert a report'}, {id: 'cities', label: 'Cities', group: 'Places'},
    {id: 'effect', label: 'Clear the table'}, {id: 'bad', label: 'Break'}]
    .filter(({label}) => label.toLowerCase().includes(query)),
  onSelect: async (command) => {
    log.calls.push(command.id);
    if (command.id === 'bad') throw new Error('Broken.');
    if (command.id === 'entity') return {type: 'entity', entity: {id: 'q2', title: 'Q2'}};
    if (command.id !== 'cities') return undefined;
    return {type: 'menu', commands: [{id: 'ny', label: 'New York'}, {id: 'paris', label: 'Paris'}]};
  },
}"""
TOOLS = """tools: [
  {id: 'search', label: 'Search the web', shortLabel: 'Search', icon: 'globe', pinned: true,
    placeholderOverride: 'Search for…'},
  {id: 'research', label: 'Deep research', shortLabel: 'Research', icon: 'lab', persistent: true},
  {id: 'image', label: 'Make an image', icon: 'images'}]"""
MODELS = """models: [{id: 'fast', label: 'Fast', description: 'Quick answers'}, {id: 'slow', label: 'Thorough', default: true},
  {id: 'gone', label: 'Gone', disabled: true}]"""
CORPUS = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "javascript:alert(1)",
    "{{7*7}}${alert(1)}",
    "\u202egpj.exe",
]


def text(words: str) -> dict[str, Any]:
    return {"type": "input_text", "text": words}
