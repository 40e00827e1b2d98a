// What the public type definitions of @openai/chatkit name, as JSON, by TypeScript's own reading of them: options by their paths,
// methods with the fields of their parameters, events with the fields of their details, widgets with their properties.
// Usage: node types.mjs <node_modules>. What is implemented of it is not known here.
import { createRequire } from 'node:module';
import path from 'node:path';

const modules = path.resolve(process.argv[2]);
const ts = createRequire(path.join(modules, 'x.js'))('typescript');
const folder = path.join(modules, '@openai', 'chatkit', 'types');
const files = ['index.d.ts', 'widgets.d.ts'].map((name) => path.join(folder, name));
const program = ts.createProgram(files, { strict: true, lib: ['lib.esnext.d.ts', 'lib.dom.d.ts'], types: [] });
const checker = program.getTypeChecker();
const sources = files.map((name) => program.getSourceFile(name));
const failed = ts.getPreEmitDiagnostics(program);
if (failed.length) throw new Error(ts.formatDiagnostics(failed, { getCanonicalFileName: (name) => name, getCurrentDirectory: () => '', getNewLine: () => '\n' }));

const isOurs = (symbol) => symbol.declarations?.some((one) => sources.includes(one.getSourceFile())) ?? false;

function declared(name, source) {
  const found = source.statements.find((one) => one.name?.text === name);
  if (!found) throw new Error(`${name} is not declared any more`);
  return found;
}

const typeOf = (name, source = sources[0]) => checker.getTypeAtLocation(declared(name, source).name);

/** The object types in a type: of a union each, of an array its elements, none in a function or a primitive. */
function objects(type) {
  if (type.isUnion()) return type.types.flatMap(objects);
  if (checker.isArrayType(type)) return objects(checker.getTypeArguments(type)[0]);
  const plain = type.flags & ts.TypeFlags.Object || type.isIntersection();
  return plain && !type.getCallSignatures().length ? [type] : [];
}

/** The paths of all properties that the definitions themselves name, at any depth. */
function paths(type, before = '', above = []) {
  const found = new Set();
  for (const one of objects(type)) {
    if (above.includes(one)) continue;
    for (const property of checker.getPropertiesOfType(one)) {
      if (!isOurs(property)) continue;
      const name = before + property.name;
      found.add(name);
      const inner = checker.getTypeOfSymbol(property);
      for (const deeper of paths(inner, `${name}.`, [...above, one])) found.add(deeper);
    }
  }
  return found;
}

const sorted = (found) => [...new Set(found)].sort();

function methods() {
  const found = {};
  for (const property of checker.getPropertiesOfType(typeOf('OpenAIChatKit'))) {
    if (!isOurs(property)) continue;
    const [signature] = checker.getTypeOfSymbol(property).getCallSignatures();
    if (!signature || property.name.endsWith('EventListener')) continue;
    const fields = new Set();
    for (const parameter of signature.parameters) {
      const type = checker.getTypeOfSymbol(parameter);
      // What setOptions takes is the options' own list; what content and files hold is named elsewhere.
      if (property.name !== 'setOptions') for (const one of paths(type)) if (!one.includes('.')) fields.add(one);
      if (!objects(type).length) fields.add(parameter.name);
    }
    found[property.name] = sorted(fields);
  }
  return found;
}

function events() {
  const found = {};
  for (const property of checker.getPropertiesOfType(typeOf('ChatKitEvents'))) {
    const detail = checker.getTypeOfSymbol(property).aliasTypeArguments?.[0] ?? checker.getTypeArguments(checker.getTypeOfSymbol(property))[0];
    found[property.name] = sorted(detail ? paths(detail) : []);
  }
  return found;
}

function widgets() {
  const found = {};
  const source = sources[1];
  for (const statement of source.statements) {
    if (!ts.isTypeAliasDeclaration(statement)) continue;
    const type = checker.getTypeAtLocation(statement.name);
    if (type.isUnion()) continue;
    const kind = type.getProperty('type');
    const literal = kind && checker.getTypeOfSymbol(kind);
    if (!literal?.isStringLiteral()) continue;
    found[literal.value] = sorted(checker.getPropertiesOfType(type).map(({ name }) => name).filter((name) => name !== 'type'));
  }
  return found;
}

/** What the widgets' own shapes have, those that are no widgets; and a text that can be edited. */
function parts() {
  const found = {};
  for (const statement of sources[1].statements) {
    if (!ts.isTypeAliasDeclaration(statement) || statement.name.text.endsWith('Props')) continue;
    const types = objects(checker.getTypeAtLocation(statement.name));
    const own = types.filter((type) => !checker.getTypeOfSymbol(type.getProperty('type') ?? type.getProperties()[0]).isStringLiteral());
    if (own.length) found[statement.name.text] = sorted(own.flatMap((type) => checker.getPropertiesOfType(type).map(({ name }) => name)));
  }
  const text = typeOf('TextComponent', sources[1]).getProperty('editable');
  found['Text.editable'] = sorted(paths(checker.getTypeOfSymbol(text)));
  return found;
}

/** The words of a union of strings. */
function words(name, source) {
  const type = typeOf(name, source);
  return sorted((type.isUnion() ? type.types : [type]).filter((one) => one.isStringLiteral()).map(({ value }) => value));
}

console.log(JSON.stringify({
  options: sorted(paths(typeOf('ChatKitOptions'))),
  methods: methods(),
  events: events(),
  widgets: widgets(),
  parts: parts(),
  shapes: Object.fromEntries(['Entity', 'Command', 'CommandSelection', 'UserMessageContent', 'Attachment'].map((name) => [name, sorted(paths(typeOf(name)))])),
  icons: words('ChatKitIcon'),
  headerIcons: words('HeaderIcon'),
  widgetIcons: words('WidgetIcon', sources[1]),
  locales: words('SupportedLocale'),
  translated: words('TranslatedLocale'),
}));
