"""The conformance kit: the contract of a runtime as cases that any adapter, in any language, can be held to."""
