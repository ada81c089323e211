/** Fulcio and Rekor, as far as cosign asks them to sign without a key. */

import { Buffer } from "node:buffer";
import { createPublicKey, randomUUID } from "node:crypto";
import { Authority, PROVIDER, SIGNER } from "../../proofs/authority.ts";
import { pem } from "../../proofs/der.ts";
import { serve, type ServedRegistry } from "../../registry_server/serve.ts";

/** Both, at one address. */
export interface Sigstore extends ServedRegistry {
  /** For `cosign sign --signing-config`. */
  signingConfig: string;
  /** For `cosign sign --identity-token`. */
  token(): string;
  /** Who issues all of it. */
  authority: Authority;
  stop(): Promise<void>;
}

/** Starts both on a free port. */
export async function startSigstore(): Promise<Sigstore> {
  const authority = new Authority();
  const served = await serve(async (request) => {
    const { pathname } = new URL(request.url);
    const body = await request.json();
    if (pathname === "/api/v2/signingCert") {
      return Response.json(certify(authority, body));
    }
    if (pathname === "/api/v1/log/entries") {
      // By that name, cosign looks for its entry in the answer.
      const etag = randomUUID().replaceAll("-", "").padStart(80, "0");
      return Response.json({ [etag]: enter(authority, body) }, {
        status: 201,
        headers: { etag },
      });
    }
    return Response.json({}, { status: 404 });
  });
  const service = {
    url: served.url,
    majorApiVersion: 1,
    validFor: { start: "2020-01-01T00:00:00Z" },
    operator: "tests",
  };
  return {
    ...served,
    authority,
    signingConfig: JSON.stringify({
      mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json",
      caUrls: [service],
      oidcUrls: [service],
      rekorTlogUrls: [service],
      rekorTlogConfig: { selector: "ANY" },
      tsaUrls: [],
    }),
    token() {
      const now = Math.floor(Date.now() / 1000);
      const parts = [{ alg: "RS256", typ: "JWT" }, {
        iss: PROVIDER,
        sub: "1",
        aud: "sigstore",
        email: SIGNER,
        email_verified: true,
        iat: now,
        exp: now + 600,
      }].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
      // Nobody here looks at who has signed it.
      return [...parts, Buffer.alloc(64).toString("base64url")].join(".");
    },
    stop: () => served.close(),
  };
}

interface Asked {
  publicKeyRequest: { publicKey: { content: string } };
}

function certify(authority: Authority, { publicKeyRequest }: Asked): unknown {
  const key = createPublicKey(publicKeyRequest.publicKey.content);
  const own = pem(authority.issue(key, { at: new Date(Date.now() - 5_000) }));
  return {
    signedCertificateEmbeddedSct: {
      chain: { certificates: [own, authority.rootCertificate] },
    },
  };
}

interface Proposed {
  spec: { proposedContent: { envelope: string; verifiers: string[] } };
}

function enter(authority: Authority, body: Proposed): unknown {
  const { envelope, verifiers: [verifier = ""] } = body.spec.proposedContent;
  const entry = authority.log(envelope, verifier, new Date());
  const { inclusionProof: proof } = entry;
  const hex = (text: string) => Buffer.from(text, "base64").toString("hex");
  const logID = hex(entry.logId.keyId);
  return {
    body: entry.canonicalizedBody,
    integratedTime: Number(entry.integratedTime),
    logID,
    logIndex: Number(entry.logIndex),
    verification: {
      inclusionProof: {
        checkpoint: proof.checkpoint.envelope,
        hashes: proof.hashes.map(hex),
        logIndex: Number(proof.logIndex),
        rootHash: hex(proof.rootHash),
        treeSize: Number(proof.treeSize),
      },
      signedEntryTimestamp: entry.inclusionPromise.signedEntryTimestamp,
    },
  };
}
