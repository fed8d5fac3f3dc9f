import { redactUrl } from '../access-log/redact-url.ts';
import type { Secrets } from '../logging/secrets.ts';
import { METHODS } from '../metrics/request-metrics.ts';
import { routePatternOf } from '../metrics/route-pattern.ts';
import type { Attributes } from '../opentelemetry.ts';
import type { ObservedRequest } from '../request/observed-request.ts';
import type { Description } from './described-later.ts';

export const OTHER_METHOD = '_OTHER';
/** `shop:3000`, `[::1]:3000`; a host without a port is a name. */
const HOST = /^(.+):(\d{1,5})$/;

/**
 * What is known of a request at its end, without the request: that would be held until its span is sent. Put into words when
 * they are asked for, which is when spans are sent, many at a time.
 */
export class RequestDescription implements Description {
  private readonly method: string | undefined;
  private readonly route: string | undefined;
  private readonly url: string;
  private readonly status: number;
  private readonly requestId: string;
  private readonly httpVersion: string;
  private readonly isEncrypted: boolean;
  private readonly host: string | undefined;
  private readonly agent: string | undefined;
  private readonly remoteAddress: string | undefined;
  private readonly caller: string | undefined;
  private readonly isFinished: boolean;
  private readonly secrets: Secrets;

  constructor(request: ObservedRequest, status: number, secrets: Secrets) {
    const { req } = request;
    const { host, 'user-agent': agent } = req.headers;
    this.method = req.method;
    this.route = routePatternOf(req);
    this.url = request.url;
    this.status = status;
    this.requestId = request.requestId;
    this.httpVersion = req.httpVersion;
    this.isEncrypted = (req.socket as { encrypted?: boolean }).encrypted === true;
    this.host = host;
    this.agent = agent;
    this.remoteAddress = request.remoteAddress;
    this.caller = request.caller?.service;
    this.isFinished = request.isFinished;
    this.secrets = secrets;
  }

  get name(): string | undefined {
    const { method, route } = this;
    if (route === undefined) return undefined;
    return `${method !== undefined && METHODS.has(method) ? method : OTHER_METHOD} ${route}`;
  }

  /** https://opentelemetry.io/docs/specs/semconv/http/http-spans/ */
  get attributes(): Attributes {
    const { method, route, status, host, agent, remoteAddress, caller, isFinished } = this;
    const url = redactUrl(this.url, this.secrets);
    const mark = url.indexOf('?');
    const attributes: Attributes = {
      'url.path': mark < 0 ? url : url.slice(0, mark),
      'http.response.status_code': status,
      'express_micro.request_id': this.requestId,
      'network.protocol.version': this.httpVersion,
      'url.scheme': this.isEncrypted ? 'https' : 'http',
    };
    if (route !== undefined) attributes['http.route'] = route;
    if (mark >= 0) attributes['url.query'] = url.slice(mark + 1);
    if (host !== undefined) {
      const [, name = host, port] = HOST.exec(host) ?? [];
      attributes['server.address'] = name;
      if (port !== undefined) attributes['server.port'] = Number(port);
    }
    if (remoteAddress !== undefined) attributes['client.address'] = remoteAddress;
    if (agent !== undefined) attributes['user_agent.original'] = agent;
    if (caller !== undefined) attributes['express_micro.caller'] = caller;
    if (!METHODS.has(method ?? '')) attributes['http.request.method_original'] = String(method);
    if (status >= 500) attributes['error.type'] = String(status);
    else if (!isFinished) attributes['error.type'] = 'aborted';
    return attributes;
  }
}
