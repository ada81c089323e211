import { assert, assertEquals } from "@std/assert";
import { abortOnSignals } from "../../cli/signals.ts";
import { test } from "../harness.ts";

/** A process that gets signals; `raise` does what a system does. */
function fakeProcess(permitted = true) {
  const listeners = new Map<string, Set<() => void>>();
  const of = (name: string) => listeners.get(name) ?? new Set();
  const did: string[] = [];
  const deliver = (name: string) => {
    if (of(name).size === 0) did.push(`the system's ${name}`);
    for (const listener of [...of(name)]) listener();
  };
  const signals = {
    on: (name: string, listener: () => void) =>
      listeners.set(name, of(name).add(listener)),
    off: (name: string, listener: () => void) => of(name).delete(listener),
    raise(name: string) {
      if (!permitted) throw new Error("not permitted");
      deliver(name);
    },
    exit: (code: number) => did.push(`exit ${code}`),
  };
  const count = () => [...listeners.values()].reduce((n, s) => n + s.size, 0);
  return { signals, deliver, did, count };
}

test("Ctrl-Z clears the terminal, stops the process for real, and does so again", () => {
  const { signals, deliver, did, count } = fakeProcess();
  const { signal, stop } = abortOnSignals(signals, {
    beforeStop: () => did.push("clear"),
  });
  for (let round = 0; round < 3; round++) {
    deliver("SIGTSTP");
    assertEquals(did.splice(0), ["clear", "the system's SIGTSTP"]);
    deliver("SIGCONT");
  }
  // Gone on by a shell, or never stopped, it takes a second SIGCONT for one.
  deliver("SIGCONT");
  deliver("SIGTSTP");
  assertEquals(did.splice(0), ["clear", "the system's SIGTSTP"]);
  assert(!signal.aborted);
  stop();
  assertEquals(count(), 0);
});

test("Ctrl-Z is the system's where there is no terminal, or no permission", () => {
  const without = fakeProcess();
  const { stop } = abortOnSignals(without.signals);
  without.deliver("SIGTSTP");
  assertEquals(without.did, ["the system's SIGTSTP"]);
  stop();
  const { signals, deliver, did, count } = fakeProcess(false);
  const { stop: end } = abortOnSignals(signals, { beforeStop: () => {} });
  deliver("SIGTSTP");
  assertEquals(did, []);
  deliver("SIGTSTP");
  assertEquals(did, ["the system's SIGTSTP"]);
  end();
  assertEquals(count(), 0);
});
