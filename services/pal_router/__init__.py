"""The front door: starts runs, drives adapters, and follows the log for clients."""
