import type { DescMessage, DescMethod, DescMethodServerStreaming, DescMethodUnary, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { CallOptions as GrpcCallOptions, ChannelCredentials, ClientOptions, Metadata, MethodDefinition, UntypedHandleCall } from "@grpc/grpc-js";

/** The messages and paths of a service, as grpc-js wants them. Methods go by their lower camel case names. */
export declare function serviceDefinition<S extends DescService>(
  service: S,
): { [name in keyof S["method"]]: Definition<S["method"][name]> };

type Definition<M extends DescMethod> = MethodDefinition<MessageShape<M["input"]>, MessageShape<M["output"]>>;

/** What a server has to bring for a service; calls and callbacks are those of grpc-js. */
export type Handlers<S extends DescService> = { [name in keyof S["method"]]: UntypedHandleCall };

export interface CallOptions extends Pick<GrpcCallOptions, "deadline"> {
  metadata?: Metadata | undefined;
  /** Cancels the call. */
  signal?: AbortSignal | undefined;
}

/** Calls one service. Errors are the ServiceError of grpc-js. */
export declare class ServiceClient {
  constructor(service: DescService, address: string, credentials: ChannelCredentials, options?: ClientOptions);

  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options?: CallOptions,
  ): Promise<MessageShape<O>>;

  /** Yields what the server streams; leaving the loop cancels the call. */
  stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
    options?: CallOptions,
  ): AsyncGenerator<MessageShape<O>, void, undefined>;

  close(): void;
}
