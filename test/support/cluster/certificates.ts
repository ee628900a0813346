// Issues certificates from a certificate authority that exists only for one test.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EtcdCertificates } from './etcd-servers.js';

/** A certificate authority, created with openssl. */
export class CertificateAuthority {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    const subject = ['-subj', '/CN=test authority', '-days', '2'];
    this.#openssl('req', '-x509', ...newKey('ca.key'), ...subject, '-out', 'ca.pem');
  }

  /** Issues a certificate for 127.0.0.1, by default for use by servers and clients. */
  issue(commonName: string, usage = 'serverAuth,clientAuth'): EtcdCertificates {
    const [key, request, cert, extensions] = ['key', 'csr', 'pem', 'ext'].map((suffix) => `${commonName}.${suffix}`);
    writeFileSync(this.#file(extensions!), `subjectAltName=IP:127.0.0.1\nextendedKeyUsage=${usage}\n`);
    this.#openssl('req', ...newKey(key!), '-subj', `/CN=${commonName}`, '-out', request!);
    const signer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'];
    this.#openssl('x509', '-req', '-in', request!, ...signer, '-extfile', extensions!, '-out', cert!);
    return { ca: this.#file('ca.pem'), cert: this.#file(cert!), key: this.#file(key!) };
  }

  #file(name: string): string {
    return join(this.#directory, name);
  }

  #openssl(...args: string[]): void {
    execFileSync('openssl', args, { cwd: this.#directory, stdio: 'pipe' });
  }
}

function newKey(file: string): string[] {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', file];
}
