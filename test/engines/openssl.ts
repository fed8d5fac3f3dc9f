import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

interface Identity {
  readonly key: string;
  readonly cert: string;
}

export interface Authority {
  readonly ca: string;
  /** @param names as OpenSSL takes them: `URI:spiffe://shop.example/orders,DNS:orders.local` */
  issue(names: string): Identity;
}

const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];

/** A certificate authority of a test, by the `openssl` of the machine. Nothing of it stays on the disk. */
export function createAuthority(): Authority {
  const root = make(['-subj', '/CN=authority']);
  return {
    ca: root.cert,
    issue: (names) => make(['-subj', '/CN=service', '-addext', `subjectAltName=${names}`], root),
  };
}

function make(args: readonly string[], signer?: Identity): Identity {
  const folder = mkdtempSync(path.join(tmpdir(), 'express-micro-tls-'));
  const [key, cert] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
  const by = signer === undefined ? [] : ['-CA', path.join(folder, 'ca.pem'), '-CAkey', path.join(folder, 'ca.key')];
  try {
    if (signer !== undefined) {
      writeFileSync(path.join(folder, 'ca.key'), signer.key, { mode: 0o600 });
      writeFileSync(path.join(folder, 'ca.pem'), signer.cert);
    }
    execFileSync('openssl', ['req', '-x509', ...CURVE, ...args, ...by, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
