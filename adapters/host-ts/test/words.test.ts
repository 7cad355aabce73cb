/** What has to be the same on every runtime, whatever language its adapter is written in. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { ErrorReason } from "@pal/contracts/pal/v1/error_reason_pb.js";
import { fromEnv } from "../src/config.ts";
import { MeshError } from "../src/errors.ts";
import { newId, stableId } from "../src/identifiers.ts";
import { isSchema, violation } from "../src/schemas.ts";
import { fromServiceError, toStatus } from "../src/status.ts";

test("a fact has the same identifier in every language", () => {
  assert.equal(stableId("run-1", "message", "model-1", "1"), "72155495-2a1f-5b6b-a704-b5ef4c6985da");
  assert.equal(stableId("run-ü", "message.added", ""), "63e89c16-b753-562c-9d6b-4baaaa0d35a4");
});

test("new identifiers sort by time", () => {
  const id = newId();

  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.ok(Math.abs(parseInt(id.replace("-", "").slice(0, 12), 16) - Date.now()) < 1_000);
});

test("a refusal arrives as it was sent", () => {
  const sent = toStatus(new MeshError(ErrorReason.OVERLOADED, "3 runs are going", { limit: 3 }));
  const arrived = fromServiceError(Object.assign(new Error(), sent));

  assert.equal(sent.code, status.RESOURCE_EXHAUSTED);
  assert.deepEqual(
    [arrived?.reason, arrived?.message, arrived?.metadata],
    [ErrorReason.OVERLOADED, "3 runs are going", { limit: "3" }],
  );
});

test("a violation is said where it is", () => {
  const schema = JSON.stringify({
    type: "object",
    properties: { list: { items: { anyOf: [{ type: "string" }, { type: "integer", minimum: 1 }] } } },
    if: { required: ["a"] },
    then: { properties: { a: { const: 1 } } },
    $defs: { node: { properties: { next: { $ref: "#/$defs/node" } } } },
  });

  assert.equal(violation(schema, { list: ["x", 1], a: 1 }), undefined);
  assert.equal(violation(schema, { list: ["x", 0] })?.[0], "/list/1");
  assert.equal(violation(schema, { a: 2 })?.[0], "/a");
  assert.equal(violation(schema, [])?.[0], "");
});

test("a schema of another dialect, with a format or with words of its own is a schema", () => {
  assert.ok(isSchema('{"$schema": "http://json-schema.org/draft-07/schema#", "dependencies": {"a": ["b"]}}'));
  assert.ok(isSchema('{"$schema": "https://json-schema.org/draft/2019-09/schema", "type": "string"}'));
  assert.ok(isSchema('{"type": "string", "format": "of-our-own", "x-shown-as": "date"}'));
  assert.ok(isSchema("true"));
});

test("what is no schema is told apart", () => {
  for (const text of ['{"type": 5}', "{", '"text"', "7", '{"$ref": "#/nowhere"}']) assert.ok(!isSchema(text), text);
});

test("equal identifiers of two schemas do not meet", () => {
  const [one, two] = ["string", "integer"].map((type) => JSON.stringify({ $id: "https://a.example/same", type }));

  assert.equal(violation(one!, "x"), undefined);
  assert.equal(violation(two!, 1), undefined);
});

test("a variable that is no number stops the start with its name", () => {
  assert.throws(() => fromEnv({ PAL_CONCURRENT_RUNS: "many" }), /^Error: PAL_CONCURRENT_RUNS=many: write a number$/);
  assert.equal(fromEnv({ PAL_DRAIN_SECONDS: "0.5" }).drainSeconds, 0.5);
});
