/** JSON Schemas: whether a text is one, and whether a value satisfies it. */

import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { Ajv2019 } from "ajv/dist/2019.js";
import { Ajv2020 } from "ajv/dist/2020.js";

const CACHED = 256;
// Draft 2020-12 takes formats and words it does not know for remarks; so do we.
const OPTIONS = { strict: false, validateFormats: false, logger: false, addUsedSchema: false } as const;
const compilers = new Map<new (options: typeof OPTIONS) => Ajv, Ajv>();
const validators = new Map<string, ValidateFunction>();

export function isSchema(text: string): boolean {
  try {
    validator(text);
    return true;
  } catch {
    return false;
  }
}

/** Return where *value* violates *schema* (a JSON Pointer) and how; undefined when it satisfies it. */
export function violation(schema: string, value: unknown): readonly [path: string, problem: string] | undefined {
  const validate = validator(schema);
  if (validate(value)) return undefined;
  const { instancePath, message } = decisive(validate.errors ?? []);
  return [instancePath, `does not satisfy the schema: ${message}`];
}

// The branches of a choice come before the choice, and behind them comes the `if` that led to a violation.
function decisive(errors: readonly ErrorObject[]): Pick<ErrorObject, "instancePath" | "message"> {
  return errors.findLast(({ keyword }) => keyword !== "if") ?? { instancePath: "", message: "unknown" };
}

function validator(text: string): ValidateFunction {
  const known = validators.get(text);
  if (known) return known;
  const schema = JSON.parse(text) as object | boolean;
  const ajv = compiler(schema, text.includes('"$id"'));
  const made = ajv.compile(schema);
  // What it made is kept here, and not in there as well.
  if (typeof schema === "object") ajv.removeSchema(schema);
  if (validators.size >= CACHED) validators.delete(validators.keys().next().value!);
  validators.set(text, made);
  return made;
}

/** Return the compiler for the dialect of *schema*: one of its own if it is *named*, for equal names must not meet. */
function compiler(schema: object | boolean, named: boolean): Ajv {
  const uri = typeof schema === "object" && "$schema" in schema ? String(schema.$schema) : "";
  const Dialect = uri.includes("draft-07") ? Ajv : uri.includes("2019-09") ? Ajv2019 : Ajv2020;
  if (named) return new Dialect(OPTIONS);
  const shared = compilers.get(Dialect) ?? new Dialect(OPTIONS);
  compilers.set(Dialect, shared);
  return shared;
}
