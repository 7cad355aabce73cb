import type { DescMessage, DescMethod, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { GenService, GenServiceMethods } from "@bufbuild/protobuf/codegenv2";
import type { CallOptions as GrpcCallOptions, ClientOptions, Metadata, MethodDefinition } from "@grpc/grpc-js";

/** The paths and messages of *service* as grpc-js wants them. Methods go by their names in lower camel case. */
export declare function serviceDefinition<M extends GenServiceMethods>(
  service: GenService<M>,
): { [name in keyof M]: MethodDefinition<MessageShape<M[name]["input"]>, MessageShape<M[name]["output"]>> };

export interface CallOptions extends Pick<GrpcCallOptions, "deadline"> {
  metadata?: Metadata | undefined;
  /** Cancels the call. */
  signal?: AbortSignal | undefined;
}

type Method<I extends DescMessage, O extends DescMessage, K> = DescMethod & { input: I; output: O; methodKind: K };

/** A connection, without encryption, to whoever serves on an address. Errors are the ServiceError of grpc-js. */
export declare class Connection {
  constructor(address: string, options?: ClientOptions);

  unary<I extends DescMessage, O extends DescMessage>(
    method: Method<I, O, "unary">,
    request: MessageInitShape<I>,
    options?: CallOptions,
  ): Promise<MessageShape<O>>;

  /** Yields what is streamed; leaving the loop cancels the call. */
  stream<I extends DescMessage, O extends DescMessage>(
    method: Method<I, O, "server_streaming">,
    request: MessageInitShape<I>,
    options?: CallOptions,
  ): AsyncGenerator<MessageShape<O>, void, undefined>;

  /** Hands what is streamed to *take*, and waits for the promise it may return; cheaper than a loop over `stream`. */
  receive<I extends DescMessage, O extends DescMessage>(
    method: Method<I, O, "server_streaming">,
    request: MessageInitShape<I>,
    take: (response: MessageShape<O>) => void | Promise<void>,
    options?: CallOptions,
  ): Promise<void>;

  close(): void;
}
