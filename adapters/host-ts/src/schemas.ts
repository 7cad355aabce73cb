/** JSON Schemas: whether a text is one, and whether a value satisfies it. */

import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { Ajv2019 } from "ajv/dist/2019.js";
import { Ajv2020 } from "ajv/dist/2020.js";

const CACHED = 256;
// Draft 2020-12 takes formats and words it does not know for remarks; so do we.
const OPTIONS = { strict: false, validateFormats: false, logger: false, addUsedSchema: false } as const;
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
  const made = dialect(schema).compile(schema);
  if (validators.size >= CACHED) validators.delete(validators.keys().next().value!);
  validators.set(text, made);
  return made;
}

function dialect(schema: object | boolean): Ajv {
  const uri = typeof schema === "object" && "$schema" in schema ? String(schema.$schema) : "";
  // A new one for every schema, so that equal $ids of two agents do not meet.
  if (uri.includes("draft-07")) return new Ajv(OPTIONS);
  return uri.includes("2019-09") ? new Ajv2019(OPTIONS) : new Ajv2020(OPTIONS);
}
