import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';

// Asks a broker over HTTP, with TLS if it has TLS; resolves to what it says if the answer is 2xx, rejects otherwise. A
// body is sent as JSON.
export async function httpRequest(broker, path, { method = 'POST', headers = {}, body } = {}) {
  const { request } = broker.caFile ? https : http;
  const call = request(`${broker.url}${path}`, {
    method,
    headers: { accept: 'application/json', 'content-type': 'application/json', ...headers },
    ca: broker.caFile && readFileSync(broker.caFile),
  });
  call.end(body && JSON.stringify(body));
  const [response] = await once(call, 'response');
  const text = (await response.setEncoding('utf8').toArray()).join('');
  if (response.statusCode >= 300) throw new Error(`${path} was answered ${response.statusCode}: ${text}`);
  return JSON.parse(text);
}
