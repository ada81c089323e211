// Does nothing: the time that the runtime itself takes to start.
export {};
