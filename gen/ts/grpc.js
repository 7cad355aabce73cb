// What grpc-js needs to serve and to call the services of protobuf-es. Written by hand; everything else here is generated.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Client, Metadata } from "@grpc/grpc-js";

export function serviceDefinition(service) {
  return Object.fromEntries(service.methods.map((method) => [method.localName, methodDefinition(service, method)]));
}

function methodDefinition(service, method) {
  const { input, output, methodKind } = method;
  return {
    path: `/${service.typeName}/${method.name}`,
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

export class ServiceClient {
  #channel;
  #service;

  constructor(service, address, credentials, options) {
    this.#channel = new Client(address, credentials, options);
    this.#service = service;
  }

  unary(method, request, { metadata = new Metadata(), signal, ...options } = {}) {
    const { path, requestSerialize, responseDeserialize } = methodDefinition(this.#service, method);
    return new Promise((resolve, reject) => {
      const cancel = () => call.cancel();
      const call = this.#channel.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        create(method.input, request),
        metadata,
        options,
        (error, response) => {
          signal?.removeEventListener("abort", cancel);
          if (error) reject(error);
          else resolve(response);
        },
      );
      if (signal?.aborted) cancel();
      signal?.addEventListener("abort", cancel, { once: true });
    });
  }

  async *stream(method, request, { metadata = new Metadata(), signal, ...options } = {}) {
    const { path, requestSerialize, responseDeserialize } = methodDefinition(this.#service, method);
    const message = create(method.input, request);
    const call = this.#channel.makeServerStreamRequest(path, requestSerialize, responseDeserialize, message, metadata, options);
    const cancel = () => call.cancel();
    if (signal?.aborted) cancel();
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      yield* call;
    } finally {
      signal?.removeEventListener("abort", cancel);
      call.cancel();
    }
  }

  close() {
    this.#channel.close();
  }
}
