// What grpc-js needs to serve and to call the services of protobuf-es. Written by hand, unlike what is around it.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Client, credentials, Metadata } from "@grpc/grpc-js";

const definitions = new WeakMap();

export function serviceDefinition(service) {
  return Object.fromEntries(service.methods.map((method) => [method.localName, methodDefinition(method)]));
}

function methodDefinition(method) {
  let definition = definitions.get(method);
  if (!definition) definitions.set(method, (definition = defined(method)));
  return definition;
}

function defined({ parent, name, input, output, methodKind }) {
  return {
    path: `/${parent.typeName}/${name}`,
    requestStream: methodKind === "client_streaming" || methodKind === "bidi_streaming",
    responseStream: methodKind === "server_streaming" || methodKind === "bidi_streaming",
    requestSerialize: (message) => encoded(input, message),
    requestDeserialize: (bytes) => fromBinary(input, bytes),
    responseSerialize: (message) => encoded(output, message),
    responseDeserialize: (bytes) => fromBinary(output, bytes),
  };
}

function encoded(schema, message) {
  const bytes = toBinary(schema, message);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export class Connection {
  #client;

  constructor(address, options) {
    this.#client = new Client(address, credentials.createInsecure(), options);
  }

  unary(method, request, { metadata = new Metadata(), signal, ...options } = {}) {
    const { path, requestSerialize, responseDeserialize } = methodDefinition(method);
    return new Promise((resolve, reject) => {
      const call = this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        create(method.input, request),
        metadata,
        options,
        (error, response) => {
          release();
          if (error) reject(error);
          else resolve(response);
        },
      );
      const release = cancelledBy(signal, call);
    });
  }

  receive(method, request, take, { metadata = new Metadata(), signal, ...options } = {}) {
    const { path, requestSerialize, responseDeserialize } = methodDefinition(method);
    const message = create(method.input, request);
    const call = this.#client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      message,
      metadata,
      options,
    );
    const release = cancelledBy(signal, call);
    return new Promise((resolve, reject) => {
      const refuse = (error) => {
        reject(error);
        call.cancel();
      };
      call.on("data", (response) => {
        try {
          const taken = take(response);
          if (taken) call.pause();
          taken?.then(() => call.resume(), refuse);
        } catch (error) {
          refuse(error);
        }
      });
      call.on("end", resolve);
      call.on("error", reject);
    }).finally(release);
  }

  async *stream(method, request, { metadata = new Metadata(), signal, ...options } = {}) {
    const { path, requestSerialize, responseDeserialize } = methodDefinition(method);
    const message = create(method.input, request);
    const call = this.#client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      message,
      metadata,
      options,
    );
    const release = cancelledBy(signal, call);
    try {
      yield* call;
    } finally {
      release();
      call.cancel();
    }
  }

  close() {
    this.#client.close();
  }
}

function cancelledBy(signal, call) {
  const cancel = () => call.cancel();
  if (signal?.aborted) cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  return () => signal?.removeEventListener("abort", cancel);
}
