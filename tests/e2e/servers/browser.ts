/** A real Chromium, without a window, that is told what to do. */

import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { deferred } from "../../harness.ts";

const PROGRAM = process.env.CHROMIUM ?? "chromium";

/** Why no browser can be used here; `false` where one can. */
export const NO_BROWSER: string | false = typeof WebSocket === "undefined"
  ? "this runtime has no WebSocket"
  : spawnSync(PROGRAM, ["--version"]).status === 0
  ? false
  : "Chromium is not installed";

/** How a page is looked at. */
export interface View {
  width: number;
  height: number;
  dark?: boolean;
  /** Whether scripts run. */
  script?: boolean;
}

/** A page in the browser. */
export interface Page {
  /** What the browser complained of: scripts, styles, requests that failed. */
  complaints: string[];
  /** Every address that was asked for. */
  requests: string[];
  /** The value of an expression in the page, even where scripts do not run. */
  evaluate<T>(expression: string): Promise<T>;
  /** Presses a key. */
  press(key: string, code: string, keyCode: number): Promise<void>;
  /** A picture of the whole page, as a PNG. */
  screenshot(): Promise<Uint8Array>;
}

interface Message {
  id?: number;
  method?: string;
  // deno-lint-ignore no-explicit-any
  params?: any;
  // deno-lint-ignore no-explicit-any
  result?: any;
  error?: { message: string };
}

/** Opens an address in a browser of its own, and closes it afterwards. */
export async function inBrowser(
  url: string,
  view: View,
  body: (page: Page) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "docker-pull-browser-"));
  const child = spawn(PROGRAM, [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
    `--user-data-dir=${folder}`,
    "about:blank",
  ], { stdio: ["ignore", "ignore", "pipe"], detached: true });
  // Its helpers hold the pipe, too, and write to the folder until they end.
  const ended = deferred();
  child.on("close", () => ended.resolve());
  try {
    const browser = await connectTo(await addressOf(child.stderr!));
    try {
      await lookAt(browser, url, view, body);
    } finally {
      await browser.send("Browser.close").catch(() => {});
      browser.close();
    }
  } finally {
    endGroup(child.pid!);
    await ended.promise;
    await rm(folder, { recursive: true, force: true });
  }
}

/** Ends a program and all that it began. */
function endGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch { // all have ended
  }
}

function addressOf(stderr: NodeJS.ReadableStream): Promise<string> {
  const found = deferred<string>();
  let text = "";
  stderr.on("data", (data) => {
    text += data;
    const [, address] = /listening on (ws:\S+)/.exec(text) ?? [];
    if (address) found.resolve(address);
  });
  return found.promise;
}

async function connectTo(address: string) {
  const socket = new WebSocket(address);
  const opened = deferred();
  socket.onopen = () => opened.resolve();
  const waiting = new Map<number, (message: Message) => void>();
  const listeners: ((message: Message) => void)[] = [];
  const closed = deferred();
  socket.onclose = () => closed.resolve();
  socket.onmessage = ({ data }) => {
    const message: Message = JSON.parse(String(data));
    if (message.id === undefined) {
      for (const listener of listeners) listener(message);
    } else waiting.get(message.id)?.(message);
  };
  await opened.promise;
  let last = 0;
  return {
    listeners,
    async close() {
      socket.close();
      await closed.promise;
    },
    // deno-lint-ignore no-explicit-any
    async send(method: string, params = {}, sessionId?: string): Promise<any> {
      const id = ++last;
      const answered = deferred<Message>();
      waiting.set(id, answered.resolve);
      socket.send(JSON.stringify({ id, method, params, sessionId }));
      const { result, error } = await Promise.race([
        answered.promise,
        closed.promise.then((): Message => ({ error: { message: "closed" } })),
      ]);
      if (error) throw new Error(`${method}: ${error.message}`);
      return result;
    },
  };
}

async function lookAt(
  browser: Awaited<ReturnType<typeof connectTo>>,
  url: string,
  { width, height, dark = false, script = true }: View,
  body: (page: Page) => Promise<void>,
): Promise<void> {
  const { targetId } = await browser.send("Target.createTarget", {
    url: "about:blank",
  });
  const { sessionId } = await browser.send("Target.attachToTarget", {
    targetId,
    flatten: true,
  });
  const send = (method: string, params = {}) =>
    browser.send(method, params, sessionId);
  const complaints: string[] = [];
  const requests: string[] = [];
  const loaded = deferred();
  browser.listeners.push(({ method, params }) => {
    if (method === "Page.loadEventFired") loaded.resolve();
    if (method === "Network.requestWillBeSent") {
      requests.push(params.request.url);
    }
    if (method === "Log.entryAdded") complaints.push(params.entry.text);
    if (method === "Runtime.exceptionThrown") {
      complaints.push(params.exceptionDetails.text);
    }
    if (method === "Runtime.consoleAPICalled") complaints.push("console");
  });
  for (const domain of ["Page", "Network", "Log", "Runtime"]) {
    await send(`${domain}.enable`);
  }
  await send("Emulation.setDeviceMetricsOverride", {
    width,
    height,
    deviceScaleFactor: 1,
    mobile: false,
  });
  await send("Emulation.setEmulatedMedia", {
    features: [{
      name: "prefers-color-scheme",
      value: dark ? "dark" : "light",
    }],
  });
  await send("Emulation.setScriptExecutionDisabled", { value: !script });
  await send("Page.navigate", { url });
  await loaded.promise;
  await body({
    complaints,
    requests,
    async evaluate(expression) {
      const { result, exceptionDetails } = await send("Runtime.evaluate", {
        expression,
        returnByValue: true,
        awaitPromise: true,
      });
      if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
      return result.value;
    },
    async press(key, code, keyCode) {
      const text = key === "Enter" ? "\r" : undefined;
      const event = { key, code, windowsVirtualKeyCode: keyCode, text };
      await send("Input.dispatchKeyEvent", { type: "keyDown", ...event });
      await send("Input.dispatchKeyEvent", { type: "keyUp", ...event });
    },
    async screenshot() {
      const { data } = await send("Page.captureScreenshot", {
        captureBeyondViewport: true,
      });
      return Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    },
  });
}
