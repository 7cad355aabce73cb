#!/usr/bin/env node
/** The process of the AI SDK adapter. */

import { run } from "@pal/adapter-host";
import { AiSdkRuntime } from "./runtime.ts";

await run(new AiSdkRuntime());
