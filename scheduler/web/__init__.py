"""The service at the door: keys, lists, checks, permits and events over HTTP."""
