"""Law and policy that hold everywhere: data beside the engine, one file per act."""
