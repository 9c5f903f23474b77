"""The one door to a library: the engine process, its protocol, and the client that all hold."""
